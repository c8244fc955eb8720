// Microsoft's Voice Live client holds a session with the simulator's assistant.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { AzureKeyCredential } from "@azure/core-auth";
import { VoiceLiveClient } from "@azure/ai-voicelive";
import { Stage, output, text, waitFor } from "./support.mjs";

const ASSISTANT = "We are open from nine in the morning until six.";
const CALLER = "When are you open?";
const RATE = 24000;
const FRAME_MS = 20;

let stage;
let endpoint;
let key;
let session;
const events = [];
let speech;

before(async () => {
  stage = await Stage.open();
  const simulator = await stage.startSimulator(["--assistant", ASSISTANT, "--transcript", CALLER]);
  endpoint = simulator.environment.AZURE_VOICE_LIVE_ENDPOINT;
  key = simulator.environment.AZURE_VOICE_LIVE_API_KEY;
  const spoken = path.join(stage.folder, "spoken.wav");
  await text("espeak-ng", "-w", spoken, CALLER);
  speech = await output("ffmpeg", "-v", "error", "-i", spoken, "-ar", String(RATE), "-ac", "1", "-f", "s16le", "-");
});

after(async () => {
  await session?.dispose();
  await stage?.close();
});

const ofType = (type) => events.filter((event) => event.type === type);
const event = (type) => waitFor(`the event ${type}`, () => ofType(type)[0]);

/** Audio at the pace of a telephone, until `done`. */
async function sendUntil(audio, done) {
  const frameBytes = (RATE * FRAME_MS * 2) / 1000;
  const start = Date.now();
  let sent = 0;
  await waitFor("what was waited for while audio is sent", async () => {
    while (sent * FRAME_MS <= Date.now() - start) {
      const frame = Buffer.alloc(frameBytes);
      if (sent * frameBytes < audio.length) audio.copy(frame, 0, sent * frameBytes, (sent + 1) * frameBytes);
      await session.sendAudio(new Uint8Array(frame));
      ++sent;
    }
    return done();
  });
}

test("the client connects, and its session.update comes back with the formats that were asked for", async () => {
  const client = new VoiceLiveClient(endpoint, new AzureKeyCredential(key));
  session = client.createSession("gpt-realtime");
  session.subscribe({ onServerEvent: async (each) => void events.push(each) });
  await session.connect();
  const created = await event("session.created");
  assert.ok(created.session.id);
  assert.equal(session.isConnected, true);
  await session.updateSession({
    modalities: ["text", "audio"],
    instructions: "Short sentences.",
    voice: { type: "azure-standard", name: "en-US-AvaNeural" },
    inputAudioFormat: "pcm16",
    outputAudioFormat: "pcm16",
    inputAudioSamplingRate: RATE,
    turnDetection: { type: "azure_semantic_vad", threshold: 0.5, prefixPaddingInMs: 300, silenceDurationInMs: 500 },
    inputAudioTranscription: { model: "azure-speech" },
  });
  const updated = await event("session.updated");
  assert.equal(updated.session.id, created.session.id);
  assert.equal(updated.session.inputAudioSamplingRate, RATE);
  assert.equal(updated.session.inputAudioFormat, "pcm16");
  assert.equal(updated.session.turnDetection.type, "azure_semantic_vad");
  assert.equal(updated.session.turnDetection.prefixPaddingInMs, 300);
});

test("speech is found in the audio, and its end and its transcript are told", async () => {
  const lead = Buffer.alloc(RATE * 2); // a second of silence, so that the start has a place
  await sendUntil(Buffer.concat([lead, speech]), () =>
    ofType("conversation.item.input_audio_transcription.completed").length > 0);
  const started = await event("input_audio_buffer.speech_started");
  const stopped = await event("input_audio_buffer.speech_stopped");
  assert.ok(started.audioStartInMs > 400 && started.audioStartInMs < 1600, `started at ${started.audioStartInMs} ms`);
  assert.ok(stopped.audioEndInMs > started.audioStartInMs + 300, `ended at ${stopped.audioEndInMs} ms`);
  const heard = await event("conversation.item.input_audio_transcription.completed");
  assert.equal(heard.transcript, CALLER);
  assert.equal(heard.itemId, started.itemId);
});

test("the assistant answers with audio and the transcript of what it says", async () => {
  await event("response.done");
  const told = await event("response.audio_transcript.done");
  assert.equal(told.transcript, ASSISTANT);
  const audio = ofType("response.audio.delta").map((each) => Buffer.from(each.delta));
  const samples = audio.reduce((sum, part) => sum + part.length, 0) / 2;
  assert.ok(samples > RATE, `${samples} samples are too few for a sentence`);
  assert.ok(audio.some((part) => part.some((byte) => byte !== 0)), "the assistant's audio is silent");
  assert.deepEqual(ofType("error"), []);
});

test("a wrong key is refused at the handshake", async () => {
  const stranger = new VoiceLiveClient(endpoint, new AzureKeyCredential("wrong")).createSession("gpt-realtime");
  await assert.rejects(stranger.connect());
  assert.equal(stranger.isConnected, false);
  await stranger.dispose();
});
