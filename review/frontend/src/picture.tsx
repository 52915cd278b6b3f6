// A small picture of a list; one that did not come is asked for again when the server is back.

import { useEffect, useState } from "preact/hooks";

interface PictureProps {
  src: string;
  size?: number;
  /** How often the server has come back. */
  returns: number;
}

export function Picture({ src, size, returns }: PictureProps) {
  const [isBroken, setBroken] = useState(false);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (!isBroken) return;
    setBroken(false);
    setTries(tries + 1);
  }, [returns]);
  return <img key={tries} src={src} alt="" width={size} height={size} loading="lazy" onError={() => setBroken(true)} />;
}
