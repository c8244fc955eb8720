// Runs every case of this folder, one file after the other, and says no when one fails or fewer pass than are expected:
// a case that is skipped, or a file that was not found, is no success.
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { finished } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { programs } from "./support.mjs";

const here = import.meta.dirname;
const expected = Number(process.argv[2]);

function complaint() {
  if (!Number.isInteger(expected) || expected < 1) return "the number of cases to expect is the first argument";
  if (Number.parseInt(process.versions.node) < 22) return `Node 22 is needed, this is ${process.versions.node}`;
  const { earshot, simulator } = programs();
  for (const program of [earshot, simulator]) if (!existsSync(program)) return `${program} is not built`;
  for (const name of ["ffmpeg", "ffprobe", "sox", "soxi", "espeak-ng"])
    if (!process.env.PATH.split(":").some((folder) => existsSync(path.join(folder, name))))
      return `${name} is not installed`;
  for (const name of ["ai-voicelive", "communication-call-automation", "eventgrid", "storage-blob"])
    if (!existsSync(path.join(here, "node_modules/@azure", name, "package.json")))
      return `@azure/${name} is not installed: npm ci --ignore-scripts in tests/interop`;
  for (const name of ["azurite", "standardwebhooks"])
    if (!existsSync(path.join(here, "node_modules", name, "package.json")))
      return `${name} is not installed: npm ci --ignore-scripts in tests/interop`;
  return undefined;
}

const missing = complaint();
if (missing) {
  console.error(`interop: ${missing}`);
  process.exit(2);
}

// Everything is on this machine; a proxy of the developer's would be in the way.
for (const name of Object.keys(process.env)) if (/^(https?|all|no)_proxy$/i.test(name)) delete process.env[name];

const files = readdirSync(here).filter((name) => name.endsWith(".test.mjs")).sort().map((name) => path.join(here, name));
let passed = 0;
let failed = 0;
const results = run({ files, concurrency: 1 });
results.on("test:pass", (event) => {
  if (event.skip === undefined && event.todo === undefined) ++passed;
});
results.on("test:fail", () => ++failed);
const reporter = results.compose(spec);
reporter.pipe(process.stdout, { end: false });
await finished(reporter);
console.log(`interop: ${passed} of ${expected} cases passed, ${failed} failed`);
process.exitCode = failed === 0 && passed === expected ? 0 : 1;
