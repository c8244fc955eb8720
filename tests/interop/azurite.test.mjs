// The whole recording path on Azurite: the simulator exports chunks to it, Earshot finds and serves them, and
// Microsoft's own Blob client reads what was written.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { BlobClient, BlobServiceClient, ContainerClient } from "@azure/storage-blob";
import { Stage, freePort, recordedCall, text, waitFor } from "./support.mjs";

let stage;
let earshot;
let report;
let recording;
let downloaded;
let container;
let simulator;
let storage;

before(async () => {
  stage = await Stage.open();
  const azurite = await stage.startAzurite();
  container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient("recordings");
  const port = await freePort();
  simulator = await stage.startSimulator(
    ["--storage-connection-string", azurite.connectionString, "--create-container", "--chunk-seconds", "4"],
    `http://127.0.0.1:${port}`);
  storage = { AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString, AZURE_STORAGE_CONTAINER: "recordings" };
  earshot = await stage.startEarshot(port, simulator, storage);
  ({ report, recording } = await recordedCall(simulator, earshot, 11));
  const wav = path.join(stage.folder, "call.wav");
  await earshot.ask("recordings", "download", recording.recordingId, "-o", wav);
  downloaded = { path: wav, bytes: await readFile(wav) };
});

after(async () => stage?.close());

async function listed(options) {
  const blobs = [];
  for await (const blob of container.listBlobsFlat(options)) blobs.push(blob);
  return blobs;
}

/** The bytes after the header of `data`, of a WAV of chunks in any order. */
function wavData(bytes) {
  assert.equal(bytes.toString("latin1", 0, 4), "RIFF");
  assert.equal(bytes.toString("latin1", 8, 12), "WAVE");
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32LE(at + 4);
    if (bytes.toString("latin1", at, at + 4) === "data") {
      assert.ok(at + 8 + size <= bytes.length, "the data chunk is longer than the file");
      return bytes.subarray(at + 8, at + 8 + size);
    }
    at += 8 + size + (size % 2);
  }
  throw new Error("a WAV without data");
}

test("Earshot finds in Azurite every chunk that the simulator wrote", () => {
  const written = report.recordings[0].chunks.map((chunk) => chunk.audio);
  assert.ok(written.length >= 2, `several chunks were expected, not ${written}`);
  assert.equal(recording.recordingId, report.recordings[0].recordingId);
  assert.deepEqual(recording.chunks.map((chunk) => chunk.audio), written);
});

test("storage-blob lists by prefix the same blobs, with the sizes that Earshot tells", async () => {
  const folder = path.posix.dirname(recording.chunks[0].audio);
  const blobs = await listed({ prefix: `${folder}/` });
  const audio = blobs.filter((blob) => blob.name.endsWith(".wav"));
  assert.deepEqual(audio.map((blob) => blob.name).sort(), recording.chunks.map((chunk) => chunk.audio).sort());
  for (const chunk of recording.chunks)
    assert.equal(audio.find((blob) => blob.name === chunk.audio).properties.contentLength, chunk.bytes);
  const metadata = blobs.filter((blob) => /-acsmetadata.*\.json$/.test(blob.name));
  assert.equal(metadata.length, audio.length, "each chunk has its metadata beside it");
  const others = blobs.filter((blob) => !audio.includes(blob) && !metadata.includes(blob));
  for (const blob of others) assert.match(path.posix.basename(blob.name), /^((manifest|transcript)(-\d+)?\.json|transcript\.vtt)$/);
  assert.equal((await listed({ prefix: "19990101/" })).length, 0);
});

test("storage-blob reads properties of each blob, and an MD5 where set is that of its bytes", async () => {
  for (const { name } of await listed()) {
    const client = container.getBlobClient(name);
    const properties = await client.getProperties();
    const bytes = await client.downloadToBuffer();
    assert.equal(properties.contentLength, bytes.length);
    assert.equal(properties.blobType, "BlockBlob");
    const expected = { ".json": /json/, ".vtt": /^text\/vtt/ }[path.extname(name)];
    assert.match(properties.contentType, expected ?? /^(audio\/|application\/octet-stream)/);
    if (properties.contentMD5)
      assert.deepEqual(Buffer.from(properties.contentMD5), createHash("md5").update(bytes).digest());
  }
});

test("what storage-blob downloads of the chunks is, put together, the WAV that Earshot serves", async () => {
  const parts = [];
  for (const chunk of recording.chunks)
    parts.push(wavData(await container.getBlobClient(chunk.audio).downloadToBuffer()));
  const joined = Buffer.concat(parts);
  assert.ok(joined.some((byte) => byte !== 0), "the recording is silent");
  assert.ok(wavData(downloaded.bytes).equals(joined), "the download differs from its chunks");
  assert.equal(Number(await text("soxi", "-s", downloaded.path)) * 2, joined.length);
});

test("the metadata that storage-blob downloads names the chunk and the length that Earshot tells", async () => {
  for (const chunk of recording.chunks) {
    const name = chunk.audio.replace(/-audiowav(.*)\.wav$/, "-acsmetadata$1.json");
    const metadata = JSON.parse((await container.getBlobClient(name).downloadToBuffer()).toString("utf8"));
    assert.equal(metadata.chunkIndex, chunk.chunkIndex);
    assert.ok(Math.abs(metadata.chunkDuration / 1000 - chunk.durationSeconds) < 0.005);
    assert.equal(metadata.recordingInfo.audioConfiguration.sampleRate, chunk.sampleRateHz);
  }
});

test("storage-blob reads the bridge's own copy, which Earshot's Blob store wrote in blocks", async () => {
  const blobs = await waitFor("tap and ledger in storage", async () => {
    const found = (await listed()).filter((blob) => blob.name.includes(`/earshot/${recording.contextId}/`));
    return found.length >= 2 ? found : undefined;
  });
  const tap = blobs.find((blob) => blob.name.endsWith("/tap-0.pcm"));
  assert.ok(tap, `no tap among ${blobs.map((blob) => blob.name)}`);
  const bytes = await container.getBlobClient(tap.name).downloadToBuffer();
  assert.equal(bytes.toString("latin1", 0, 8), "EARSHTAP");
  assert.equal(bytes.readUInt16LE(12), 2, "two channels: caller and assistant");
  assert.equal(bytes.readUInt32LE(16), 24000);
  // Two channels of 16 bits for nearly all of the call; its first moments pass before the socket stands.
  assert.ok(bytes.length > (report.talked - 2) * 24000 * 4, `${bytes.length} bytes for ${report.talked} s`);
});

/** The status with which storage refuses. */
async function refusal(work) {
  const outcome = await work.then(() => ({ statusCode: "done" }), (problem) => problem);
  return outcome.statusCode;
}

test("by a link of Earshot's storage-blob reads that one chunk, and can do nothing else", async () => {
  const [chunk, other] = recording.chunks;
  const link = (...args) => earshot.ask("recordings", "link", recording.recordingId, ...args).then((said) => said.trim());
  const url = new URL(await link("--chunk", String(chunk.chunkIndex), "--expires", "5m"));

  const reply = await new BlobClient(url.href).download();
  const parts = [];
  for await (const part of reply.readableStreamBody) parts.push(part);
  const stored = await container.getBlobClient(chunk.audio).downloadToBuffer();
  assert.ok(Buffer.concat(parts).equals(stored), "the link leads to other bytes");
  assert.equal(reply.contentDisposition, `attachment; filename="${path.posix.basename(chunk.audio)}"`);

  const elsewhere = new URL(url);
  elsewhere.pathname = elsewhere.pathname.replace(path.posix.basename(chunk.audio), path.posix.basename(other.audio));
  assert.notEqual(elsewhere.pathname, url.pathname);
  assert.equal(await refusal(new BlobClient(elsewhere.href).download()), 403);
  assert.equal(await refusal(new BlobClient(url.href).getBlockBlobClient().upload("x", 1)), 403);
  assert.equal(await refusal(new BlobClient(url.href).delete()), 403);
  const all = new URL(url);
  all.pathname = new URL(container.url).pathname;
  assert.equal(await refusal(new ContainerClient(all.href).listBlobsFlat().next()), 403);
  const later = new URL(url);
  later.searchParams.set("se", "2099-01-01T00:00:00Z");
  assert.equal(await refusal(new BlobClient(later.href).download()), 403);
  const bare = new URL(url);
  bare.search = "";
  assert.ok([401, 403, 404].includes(await refusal(new BlobClient(bare.href).download())));
  assert.ok((await container.getBlobClient(chunk.audio).downloadToBuffer()).equals(stored), "the chunk was changed");

  const metadata = await (await fetch(await link("--chunk", String(chunk.chunkIndex), "--metadata"))).json();
  assert.equal(metadata.chunkIndex, chunk.chunkIndex);
  const audio = await fetch(await link("--source", "acs"));
  assert.ok(Buffer.from(await audio.arrayBuffer()).equals(downloaded.bytes), "the link gives another recording");
});

test("a hold marks every blob with an index tag that storage-blob reads, and its end takes nothing else away", async () => {
  const tagsOf = async (name) => (await container.getBlobClient(name).getTags()).tags;
  const [chunk] = recording.chunks;
  await container.getBlobClient(chunk.audio).setTags({ owner: "somebody" });
  const hold = await earshot.askJson("holds", "add", recording.contextId, "--who", "interop", "--why", "case 42");
  assert.equal(hold.tags, "done");
  assert.equal(hold.legalHold, "not_supported", "the emulator has no legal holds");
  const tags = await tagsOf(chunk.audio);
  assert.equal(tags.owner, "somebody");
  assert.equal(tags.hold, "yes");
  assert.equal(tags.kind, "chunks");
  await earshot.ask("holds", "remove", hold.id, "--who", "interop");
  const policy = await earshot.askJson("retention", "policy");
  assert.equal(policy.tagRights, "granted");
});

test("audio that storage-blob archived is answered 409 with the way back, which leads there", async () => {
  const [chunk] = recording.chunks;
  const blob = container.getBlobClient(chunk.audio);
  await blob.setAccessTier("Archive");
  await assert.rejects(
    earshot.ask("recordings", "download", recording.recordingId, "-o", path.join(stage.folder, "archived.wav")),
    (error) => /archived/.test(error.stderr) && /retention restore/.test(error.stderr));
  const restored = await earshot.askJson("retention", "restore", recording.contextId);
  assert.equal(restored.blobs, 1);
  // The emulator brings it back at once.
  assert.equal((await blob.getProperties()).accessTier, "Hot");
  await earshot.ask("recordings", "download", recording.recordingId, "-o", path.join(stage.folder, "restored.wav"));
});

test("an Earshot that has seen nothing imports from Azurite what lies there, and serves the same audio", async () => {
  const blobs = (await listed()).length;
  const stranger = await stage.startEarshot(await freePort(), simulator, {
    ...storage, EARSHOT_DATA_DIR: path.join(stage.folder, "stranger"),
  });
  const from = path.posix.dirname(recording.chunks[0].audio).slice(0, 8);
  const made = await stranger.askJson("recordings", "import", "--from", from);
  assert.equal(made.state, "done", JSON.stringify(made));
  assert.deepEqual([made.adopted, made.refused], [1, 0]);
  assert.ok(made.bytesRead < downloaded.bytes.length, `${made.bytesRead} bytes read`);
  const { recordings } = await stranger.askJson("recordings", "list");
  assert.equal(recordings.length, 1);
  assert.deepEqual(recordings[0].chunks.map((chunk) => chunk.audio), recording.chunks.map((chunk) => chunk.audio));
  const wav = path.join(stage.folder, "imported.wav");
  await stranger.ask("recordings", "download", recordings[0].recordingId, "-o", wav);
  assert.ok((await readFile(wav)).equals(downloaded.bytes), "the imported recording's audio differs");
  const again = await stranger.askJson("recordings", "import", "--from", from);
  assert.deepEqual([again.adopted, again.known, again.bytesRead], [0, 1, 0]);
  assert.equal((await listed()).length, blobs, "an import writes nothing into the container");
});

test("a dead letter that storage-blob put into a container is replayed by its blob's name, once", async () => {
  const letters = BlobServiceClient.fromConnectionString(storage.AZURE_STORAGE_CONNECTION_STRING)
    .getContainerClient("letters");
  await letters.create();
  const keeper = await stage.startEarshot(await freePort(), simulator, {
    ...storage, EVENT_GRID_DEAD_LETTER_CONTAINER: "letters", EARSHOT_DATA_DIR: path.join(stage.folder, "letters"),
  });
  // As Event Grid names and writes it.
  const name = "topic/subscription/2026/3/2/9/4f1e0c00-1111-4222-8333-444455556666.json";
  const letter = {
    id: "e1", topic: "/subscriptions/0/demo", dataVersion: "1.0", metadataVersion: "1",
    subject: "/recording/call/1d2c/serverCallId/SC/ID==/recordingId/cmVjb3JkaW5nMQ",
    eventType: "Microsoft.Communication.RecordingFileStatusUpdated", eventTime: "2026-03-02T09:21:40.0000000Z",
    data: { recordingStorageInfo: { recordingChunks: [] } }, deadLetterReason: "MaxDeliveryAttemptsExceeded",
    deliveryAttempts: 30, lastDeliveryOutcome: "NotFound", publishTime: "2026-03-02T09:21:41.0000000Z",
    lastDeliveryAttemptTime: "2026-03-03T09:20:00.0000000Z",
  };
  const body = JSON.stringify([letter]);
  await letters.getBlockBlobClient(name).upload(body, Buffer.byteLength(body));
  const first = await keeper.askJson("events", "replay", "--blob", name);
  // Earshot reads the container unasked, too, and may have been quicker.
  assert.deepEqual([first.stored + first.duplicate, first.rejected], [1, []]);
  const again = await keeper.askJson("events", "replay", "--blob", name);
  assert.deepEqual([again.stored, again.duplicate], [0, 1]);
  await assert.rejects(keeper.ask("events", "replay", "--blob", "topic/absent.json"));
  assert.ok(await letters.getBlockBlobClient(name).exists(), "the container is the operator's");
});
