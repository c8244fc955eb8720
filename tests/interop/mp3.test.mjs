// The MP3 that `earshot recordings download` gives of a recording in MP3 chunks, read by ffmpeg, and the WAV that a merge
// makes of them.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { Stage, filesUnder, freePort, output, programs, recordedCall, text } from "./support.mjs";

let stage;
let recording;
let mp3;
let merged;
let chunks;

before(async () => {
  stage = await Stage.open();
  const folder = path.join(stage.folder, "recordings");
  await mkdir(folder);
  const port = await freePort();
  const simulator = await stage.startSimulator(["--recordings", folder, "--chunk-seconds", "4"],
    `http://127.0.0.1:${port}`);
  const earshot = await stage.startEarshot(port, simulator, { AZURE_STORAGE_FOLDER: folder, RECORDING_FORMAT: "mp3" });
  // After the greeting: the tones are looked for.
  ({ recording } = await recordedCall(simulator, earshot, 14, 8));
  mp3 = path.join(stage.folder, "call.mp3");
  await earshot.ask("recordings", "download", recording.recordingId, "-o", mp3);
  merged = path.join(stage.folder, "merged.wav");
  await earshot.ask("recordings", "merge", recording.recordingId, "-o", merged);
  chunks = (await filesUnder(folder)).filter((name) => /\d+-audiomp3\.mp3$/.test(name))
    .sort((left, right) => Number.parseInt(path.basename(left)) - Number.parseInt(path.basename(right)));
  assert.ok(chunks.length >= 2, `several chunks were expected, not ${chunks}`);
});

after(async () => stage?.close());

function largestDifference(left, right) {
  let largest = 0;
  for (let at = 0; at + 1 < left.length; at += 2)
    largest = Math.max(largest, Math.abs(left.readInt16LE(at) - right.readInt16LE(at)));
  return largest;
}

test("ffprobe finds one MP3 stream in the download, as long as all chunks together", async () => {
  const probed = JSON.parse(await text("ffprobe", "-v", "error", "-of", "json", "-show_streams", "-count_packets", mp3));
  assert.equal(probed.streams.length, 1);
  const [stream] = probed.streams;
  assert.equal(stream.codec_name, "mp3");
  assert.equal(Number(stream.sample_rate), recording.chunks[0].sampleRateHz);
  const packets = await Promise.all(chunks.map(async (chunk) => Number(await text("ffprobe", "-v", "error",
    "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", chunk))));
  // ffmpeg takes the frame that describes a chunk for none of its packets; in the download there is none.
  assert.equal(Number(stream.nb_read_packets), packets.reduce((left, right) => left + right, 0));
});

test("ffmpeg decodes the download without a complaint, and every tone is in it once, in order", async () => {
  const complaints = await text("ffmpeg", "-v", "warning", "-xerror", "-i", mp3, "-f", "null", "-");
  assert.equal(complaints, "");
  const wav = path.join(stage.folder, "decoded.wav");
  await output("ffmpeg", "-v", "error", "-i", mp3, wav);
  const tones = (await text(programs().simulator, "tones", wav)).split("\n").map((line) => Number(line.trim().split(/\s+/)[0]));
  // An MP3 encoder pads the ends of what it makes, so a tone that a chunk's edge cuts comes in two pieces.
  const whole = tones.filter((tone, at) => tone !== tones[at - 1]);
  assert.deepEqual(whole, Array.from({ length: 10 }, (_, number) => number));
  assert.ok(tones.length <= 10 + chunks.length - 1, `more pieces than edges: ${tones}`);
});

test("the merged WAV has the samples that ffmpeg decodes from each chunk, one behind the other", async () => {
  const decoded = await Promise.all(chunks.map((chunk) => output("ffmpeg", "-v", "error", "-i", chunk, "-f", "s16le", "-")));
  const theirs = Buffer.concat(decoded);
  const ours = await output("ffmpeg", "-v", "error", "-i", merged, "-f", "s16le", "-");
  assert.equal(ours.length, theirs.length);
  assert.ok(largestDifference(ours, theirs) <= 1, `samples differ by ${largestDifference(ours, theirs)}`);
});

test("the merged WAV is as ffmpeg's own concatenation of the chunks, and SoX reads it whole", async () => {
  const list = path.join(stage.folder, "chunks.txt");
  await writeFile(list, chunks.map((chunk) => `file '${chunk}'\n`).join(""));
  const joined = await output("ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i", list, "-f", "s16le", "-");
  const samples = Number(await text("soxi", "-s", merged));
  // Between files ffmpeg's concatenation may keep what the encoder put there: less than 100 ms at each seam.
  assert.ok(Math.abs(joined.length / 2 - samples) < 1600 * chunks.length, `${joined.length / 2} against ${samples}`);
});
