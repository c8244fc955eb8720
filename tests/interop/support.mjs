// What the interop cases share: programs started and stopped by their process, free ports, folders that go away, and
// waiting for a state that is looked at, never for a length of time.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const here = import.meta.dirname;
const run = promisify(execFile);

// Sanitized programs on a busy machine are slow; a state that never comes is the only thing this ends.
export const PATIENCE_MS = Number(process.env.EARSHOT_PATIENCE_MS ?? 180_000);
const STOP_MS = 60_000;

// Published by Microsoft: the account of every Azurite.
export const AZURITE_ACCOUNT = "devstoreaccount1";
export const AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

export function programs() {
  const { EARSHOT_BIN: earshot, EARSHOT_SIM_BIN: simulator } = process.env;
  assert.ok(earshot && simulator, "EARSHOT_BIN and EARSHOT_SIM_BIN must name the built programs");
  return { earshot, simulator };
}

/** Only what a program needs, so that nothing of the developer's own settings or proxies decides a case. */
export function bareEnvironment() {
  const kept = /^(PATH|HOME|LANG|LC_ALL|TMPDIR|ASAN_.*|UBSAN_.*|LSAN_.*|TSAN_.*)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.test(name)));
}

export async function freePort() {
  const probe = net.createServer();
  await new Promise((resolve, reject) => probe.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Looks until `look` gives something true, and gives that. */
export async function waitFor(what, look) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function listens(url) {
  try {
    await (await fetch(url, { signal: AbortSignal.timeout(5000) })).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

export async function getJson(url, options) {
  const reply = await fetch(url, options);
  const text = await reply.text();
  assert.ok(reply.ok, `${url} answered ${reply.status}: ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** Everything that one group of cases starts. `close` stops it, last first, and takes the folder away. */
export class Stage {
  #running = [];
  #closers = [];

  static async open() {
    const stage = new Stage();
    stage.folder = await mkdtemp(path.join(os.tmpdir(), "earshot-interop-"));
    return stage;
  }

  async start(name, command, args, environment = {}) {
    const log = createWriteStream(path.join(this.folder, `${name}.log`));
    await new Promise((resolve) => log.once("open", resolve));
    const child = spawn(command, args, {
      env: { ...bareEnvironment(), ...environment },
      stdio: ["ignore", log, log],
    });
    const ended = new Promise((resolve) => {
      child.once("error", (problem) => resolve({ problem }));
      child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    const program = { name, child, ended, over: undefined };
    ended.then((over) => (program.over = over));
    this.#running.push(program);
    return program;
  }

  /** SIGTERM; what the program said about it, or SIGKILL after a minute. */
  async stop(program) {
    this.#running = this.#running.filter((other) => other !== program);
    if (!program.over) program.child.kill("SIGTERM");
    const timer = setTimeout(() => program.child.kill("SIGKILL"), STOP_MS);
    const over = await program.ended;
    clearTimeout(timer);
    return over;
  }

  async startListening(name, command, args, url, environment) {
    const program = await this.start(name, command, args, environment);
    await waitFor(name, async () => {
      if (program.over) throw new Error(`${name} ended at its start:\n${await this.logOf(name)}`);
      return listens(url);
    });
    return program;
  }

  async logOf(name) {
    return (await readFile(path.join(this.folder, `${name}.log`), "utf8")).split("\n").slice(-40).join("\n");
  }

  async startAzurite() {
    const port = await freePort();
    // The client is younger than the emulator, which refuses its version of the protocol unless told otherwise.
    const main = path.join(here, "node_modules/azurite/dist/src/blob/main.js");
    const url = `http://127.0.0.1:${port}`;
    await this.startListening("azurite", process.execPath, [
      main, "--silent", "--blobHost", "127.0.0.1", "--blobPort", String(port), "--inMemoryPersistence",
      "--disableTelemetry", "--skipApiVersionCheck",
    ], url);
    const endpoint = `${url}/${AZURITE_ACCOUNT}`;
    return {
      endpoint,
      connectionString: `DefaultEndpointsProtocol=http;AccountName=${AZURITE_ACCOUNT};AccountKey=${AZURITE_KEY};` +
        `BlobEndpoint=${endpoint}`,
    };
  }

  /** The simulated ACS, Event Grid and Voice Live. */
  async startSimulator(flags = [], application = undefined) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const secret = randomBytes(16).toString("hex");
    const all = ["--port", String(port), "--event-grid-secret", secret,
      ...(application ? ["--application", application] : []), ...flags];
    await this.startListening("simulator", programs().simulator, ["serve", ...all], url);
    const told = await text(programs().simulator, "env", ...all);
    const environment = Object.fromEntries(told.split("\n").map((line) => {
      const equals = line.indexOf("=");
      return [line.slice(0, equals), line.slice(equals + 1)];
    }));
    return { url, secret, environment };
  }

  async startEarshot(port, simulator, settings) {
    const url = `http://127.0.0.1:${port}`;
    const key = randomBytes(16).toString("hex");
    const program = await this.startListening("earshot", programs().earshot, ["serve", "--env-file", os.devNull],
      `${url}/readyz`, {
        ...simulator.environment,
        EARSHOT_DATA_DIR: path.join(this.folder, "data"),
        ...settings,
        PORT: String(port),
        LISTEN_ADDRESS: "127.0.0.1",
        EVENT_GRID_SECRET: simulator.secret,
        EARSHOT_API_KEY: key,
      });
    const ask = async (...args) => (await run(programs().earshot, args, {
      env: { ...bareEnvironment(), EARSHOT_URL: url, EARSHOT_API_KEY: key },
      maxBuffer: 64 << 20,
    })).stdout;
    return { url, program, ask, askJson: async (...args) => JSON.parse(await ask(...args, "--json")) };
  }

  /** An HTTP server of the case's own, for what the simulator posts. Every body is kept; each is answered 200. */
  async startListener(answer = () => undefined) {
    const received = [];
    const server = http.createServer((request, response) => {
      const parts = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        const entry = { path: request.url, method: request.method, headers: request.headers,
          body: Buffer.concat(parts).toString("utf8") };
        received.push(entry);
        const said = answer(entry);
        response.writeHead(200, said ? { "Content-Type": "application/json" } : {});
        response.end(said ? JSON.stringify(said) : undefined);
      });
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#closers.push(() => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }));
    return { url: `http://127.0.0.1:${server.address().port}`, received };
  }

  async close() {
    const faults = [];
    for (const program of [...this.#running].reverse()) {
      const over = await this.stop(program);
      // Azurite ends by the signal; our programs end by themselves, and a sanitizer's report is not a zero.
      if (program.name !== "azurite" && over.code !== 0)
        faults.push(`${program.name} ended with ${JSON.stringify(over)}:\n${await this.logOf(program.name)}`);
    }
    for (const closer of this.#closers) await closer();
    await rm(this.folder, { recursive: true, force: true });
    assert.deepEqual(faults, []);
  }
}

export async function placeCall(simulator, plan) {
  return (await getJson(`${simulator.url}/sim/calls`, { method: "POST", body: JSON.stringify(plan) })).id;
}

export function callOver(simulator, id) {
  return waitFor("the end of the call", async () => {
    const shown = await getJson(`${simulator.url}/sim/calls/${id}`);
    return shown.done && shown.report;
  });
}

/** One call of tones at Earshot, over and its recording found. */
export async function recordedCall(simulator, earshot, seconds, tonesFrom = 1) {
  const id = await placeCall(simulator, {
    eventGridUrl: `${earshot.url}/api/incomingCall?secret=${simulator.secret}`,
    utterances: [{ start: "at_time", delay: tonesFrom, tones: { first: 0, count: 10 } }],
    hangUpAt: seconds,
  });
  const report = await callOver(simulator, id);
  assert.equal(report.outcome, "completed", JSON.stringify(report));
  const listed = await waitFor("the recording's chunks", async () => {
    const { recordings } = await earshot.askJson("recordings", "list");
    return recordings.length === 1 && recordings[0].discovery === "found" && recordings[0];
  });
  const recording = await earshot.askJson("recordings", "show", listed.recordingId);
  return { report, recording };
}

/** The program's standard output, as bytes. */
export async function output(command, ...args) {
  const { stdout } = await run(command, args, { encoding: "buffer", maxBuffer: 256 << 20, env: bareEnvironment() });
  return stdout;
}

export async function text(command, ...args) {
  return (await output(command, ...args)).toString("utf8").trim();
}

export async function filesUnder(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name)).sort();
}
