// The WAV that `earshot recordings download` gives, read by ffmpeg and SoX and compared with the chunks it was made of.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { Stage, filesUnder, freePort, output, recordedCall, text } from "./support.mjs";

let stage;
let recording;
let wav;
let merged;
let chunks;

before(async () => {
  stage = await Stage.open();
  const folder = path.join(stage.folder, "recordings");
  await mkdir(folder);
  const port = await freePort();
  const simulator = await stage.startSimulator(["--recordings", folder, "--chunk-seconds", "4"],
    `http://127.0.0.1:${port}`);
  const earshot = await stage.startEarshot(port, simulator, { AZURE_STORAGE_FOLDER: folder });
  ({ recording } = await recordedCall(simulator, earshot, 11));
  wav = path.join(stage.folder, "call.wav");
  await earshot.ask("recordings", "download", recording.recordingId, "-o", wav);
  merged = path.join(stage.folder, "merged.wav");
  await earshot.ask("recordings", "merge", recording.recordingId, "-o", merged);
  chunks = (await filesUnder(folder)).filter((name) => /\d+-audiowav\.wav$/.test(name))
    .sort((left, right) => Number.parseInt(path.basename(left)) - Number.parseInt(path.basename(right)));
  assert.ok(chunks.length >= 2, `several chunks were expected, not ${chunks}`);
});

after(async () => stage?.close());

test("ffprobe finds one plain stream in the downloaded WAV, as long as the service says", async () => {
  const probed = JSON.parse(await text("ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", wav));
  assert.equal(probed.streams.length, 1);
  const [stream] = probed.streams;
  assert.equal(stream.codec_name, "pcm_s16le");
  assert.equal(Number(stream.sample_rate), recording.chunks[0].sampleRateHz);
  assert.equal(stream.channels, recording.chunks[0].channels ?? 1);
  assert.ok(Math.abs(Number(probed.format.duration) - recording.durationSeconds) < 0.001,
    `${probed.format.duration} against ${recording.durationSeconds}`);
});

test("SoX counts as many samples in the download as in all chunks together", async () => {
  const counted = await Promise.all(chunks.map(async (chunk) => Number(await text("soxi", "-s", chunk))));
  const sum = counted.reduce((left, right) => left + right, 0);
  assert.ok(sum > 16000, `the chunks are too short: ${counted}`);
  assert.equal(Number(await text("soxi", "-s", wav)), sum);
  assert.equal(recording.chunks.length, chunks.length);
});

test("ffmpeg decodes the download to what its concatenation of the chunks decodes to", async () => {
  const list = path.join(stage.folder, "chunks.txt");
  await writeFile(list, chunks.map((chunk) => `file '${chunk}'\n`).join(""));
  const whole = await output("ffmpeg", "-v", "error", "-i", wav, "-f", "s16le", "-");
  const joined = await output("ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", list, "-f", "s16le", "-");
  assert.ok(whole.some((byte) => byte !== 0), "the recording is silent");
  assert.ok(whole.equals(joined), `${whole.length} bytes differ from ${joined.length}`);
});

test("ffmpeg and SoX join the chunks to the samples that the merged file has", async () => {
  const ours = await output("ffmpeg", "-v", "error", "-i", merged, "-f", "s16le", "-");
  const list = path.join(stage.folder, "merged.txt");
  await writeFile(list, chunks.map((chunk) => `file '${chunk}'\n`).join(""));
  const byFfmpeg = await output("ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", list, "-f", "s16le", "-");
  const bySox = await output("sox", "-V1", ...chunks, "-t", "raw", "-e", "signed-integer", "-b", "16", "-");
  assert.ok(ours.equals(byFfmpeg), `${ours.length} bytes differ from ffmpeg's ${byFfmpeg.length}`);
  assert.ok(ours.equals(bySox), `${ours.length} bytes differ from SoX's ${bySox.length}`);
});

test("SoX and ffmpeg read the same samples from the download without a complaint", async () => {
  const bySox = await output("sox", "-V1", wav, "-t", "raw", "-e", "signed-integer", "-b", "16", "-");
  const byFfmpeg = await output("ffmpeg", "-v", "error", "-i", wav, "-f", "s16le", "-");
  assert.ok(bySox.equals(byFfmpeg));
});
