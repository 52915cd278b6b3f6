// Builds ../static from src: a script, a style sheet and a page each for reviewing and for command, the icon and the licences.
import { build } from "esbuild";
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";

const out = new URL("../static/", import.meta.url);
const here = (path) => new URL(path, import.meta.url);

const { metafile } = await build({
  entryPoints: [
    { in: here("src/main.tsx").pathname, out: "app" },
    { in: here("src/command/main.tsx").pathname, out: "command" },
  ],
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
});

const page = await readFile(here("src/page.html"), "utf8");
for (const [file, name] of Object.entries({ "index.html": "app", "command.html": "command" })) {
  await writeFile(new URL(file, out), page.replaceAll("{name}", name));
}
await copyFile(here("src/icon.svg"), new URL("icon.svg", out));

// One notice for each package that has code in the bundle.
const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
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
const head = "app.js, app.css, command.js and command.css contain parts of the following packages.\n";
await writeFile(new URL("THIRD_PARTY.txt", out), [head, ...notices].join(`\n${line}\n\n`));
