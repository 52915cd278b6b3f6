// Builds ../static from src: a script, a style sheet and a page each for reviewing and for command, the icon and the licences.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";

const out = new URL("../static/", import.meta.url);
const here = (path) => new URL(path, import.meta.url);

/** The address of a built file; another content has another, so browsers may keep it for good. */
async function address(name) {
  const content = await readFile(new URL(name, out));
  return `/static/${name}?v=${createHash("sha256").update(content).digest("hex").slice(0, 16)}`;
}

const options = {
  outdir: out.pathname,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  metafile: true,
  legalComments: "none",
  logLevel: "info",
};
const built = [await build({ ...options, entryPoints: [{ in: here("src/maps.ts").pathname, out: "maps" }] })];
built.push(
  await build({
    ...options,
    entryPoints: [
      { in: here("src/main.tsx").pathname, out: "app" },
      { in: here("src/command/main.tsx").pathname, out: "command" },
    ],
    define: { MAPS_FILE: JSON.stringify(await address("maps.js")) },
  }),
);

const page = await readFile(here("src/page.html"), "utf8");
for (const [file, name] of Object.entries({ "index.html": "app", "command.html": "command" })) {
  const [script, style] = [await address(`${name}.js`), await address(`${name}.css`)];
  await writeFile(new URL(file, out), page.replace("{script}", script).replace("{style}", style));
}
await copyFile(here("src/icon.svg"), new URL("icon.svg", out));

// One notice for each package that has code in the bundle.
const outputs = built.flatMap(({ metafile }) => Object.values(metafile.outputs));
const inputs = outputs.flatMap((output) => Object.entries(output.inputs));
const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
const packages = new Set(used.map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]).filter(Boolean));
const notices = [];
for (const name of [...packages].sort()) {
  const folder = here(`node_modules/${name}/`);
  const { version } = JSON.parse(await readFile(new URL("package.json", folder), "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} has no licence file; its code may not be shipped`);
  const text = await readFile(new URL(file, folder), "utf8");
  notices.push(`${name} ${version}\n\n${text.trim()}\n`);
}
const line = "-".repeat(78);
const head = "app.js, app.css, maps.js, command.js and command.css contain parts of the following packages.\n";
await writeFile(new URL("THIRD_PARTY.txt", out), [head, ...notices].join(`\n${line}\n\n`));
