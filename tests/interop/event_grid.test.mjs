// Microsoft's Event Grid library reads what the simulator delivers, in both schemas.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { CallAutomationClient } from "@azure/communication-call-automation";
import { EventGridDeserializer, isSystemEvent } from "@azure/eventgrid";
import { Stage, callOver, placeCall, waitFor } from "./support.mjs";

const deserializer = new EventGridDeserializer();
const stages = [];
const seen = {};

/** One call, answered and recorded, whose Event Grid deliveries come to a listener. */
async function callWithEvents(schema) {
  const stage = await Stage.open();
  stages.push(stage);
  const folder = path.join(stage.folder, "recordings");
  await mkdir(folder);
  const simulator = await stage.startSimulator(
    ["--recordings", folder, "--export-always", "--schema", schema, "--chunk-seconds", "2"]);
  const grid = await stage.startListener();
  const callbacks = await stage.startListener();
  const id = await placeCall(simulator, { eventGridUrl: `${grid.url}/events?secret=${simulator.secret}`,
    from: "+15550130", to: "+15550199", sipHeaders: { "X-MS-Custom-case": "42" }, hangUpAt: 5 });
  const rings = await waitFor("an incoming call", () => grid.received.find((entry) => entry.body.includes("IncomingCall")));
  const client = new CallAutomationClient(simulator.environment.ACS_CONNECTION_STRING,
    { allowInsecureConnection: true });
  const parsed = [JSON.parse(rings.body)].flat()[0];
  await client.answerCall(parsed.data.incomingCallContext, `${callbacks.url}/callbacks`);
  const connected = await waitFor("CallConnected", () => callbacks.received.flatMap((entry) => JSON.parse(entry.body))
    .find((event) => event.type === "Microsoft.Communication.CallConnected"));
  const { recordingId } = await client.getCallRecording().start({ callConnectionId: connected.data.callConnectionId,
    recordingContent: "audio", recordingChannel: "mixed", recordingFormat: "wav" });
  const report = await callOver(simulator, id);
  const files = await waitFor("a finished file", () =>
    grid.received.find((entry) => entry.body.includes("RecordingFileStatusUpdated")));
  return { rings, files, recordingId, report };
}

before(async () => {
  [seen.eventGrid, seen.cloudEvents] = await Promise.all(["event-grid", "cloud-events"].map(callWithEvents));
});

after(async () => {
  for (const stage of stages) await stage.close();
});

function checkIncomingCall(data, report) {
  // The library's declarations call these fromCommunicationIdentifier and to…; what it hands over has the wire's names.
  assert.equal(data.from.phoneNumber.value, "+15550130");
  assert.equal(data.to.rawId, "4:+15550199");
  assert.equal(data.serverCallId, report.serverCallId);
  assert.equal(data.correlationId, report.correlationId);
  assert.equal(data.customContext.sipHeaders["X-MS-Custom-case"], "42");
  assert.ok(data.incomingCallContext);
}

function checkFiles(data, subject, { recordingId, report }) {
  assert.equal(subject.split("/recordingId/").at(-1), recordingId);
  const { recordingChunks } = data.recordingStorageInfo;
  const written = report.recordings[0].chunks;
  assert.ok(written.length >= 2, JSON.stringify(written));
  assert.deepEqual(recordingChunks.map((chunk) => chunk.index), written.map((chunk) => chunk.index));
  assert.deepEqual(recordingChunks.map((chunk) => chunk.documentId), written.map((chunk) => chunk.documentId));
  assert.match(recordingChunks[0].contentLocation, /^https?:/);
  assert.ok(data.recordingStartTime instanceof Date || !Number.isNaN(Date.parse(data.recordingStartTime)));
  assert.ok(Math.abs(data.recordingDurationMs / 1000 - report.recordings[0].length) < 0.01);
  assert.equal(data.recordingFormatType.toLowerCase(), "wav");
}

test("an IncomingCall of the Event Grid schema is a system event with its parties", async () => {
  const { rings, report } = seen.eventGrid;
  assert.equal(rings.headers["aeg-event-type"], "Notification");
  const [event] = await deserializer.deserializeEventGridEvents(rings.body);
  assert.ok(isSystemEvent("Microsoft.Communication.IncomingCall", event));
  assert.ok(event.eventTime instanceof Date && !Number.isNaN(event.eventTime.valueOf()));
  assert.equal(event.subject, "/caller/4:+15550130/recipient/4:+15550199");
  checkIncomingCall(event.data, report);
});

test("an IncomingCall of the CloudEvents schema is a system event with its parties", async () => {
  const { rings, report } = seen.cloudEvents;
  assert.match(rings.headers["content-type"], /^application\/cloudevents\+json/);
  const [event] = await deserializer.deserializeCloudEvents(rings.body);
  assert.ok(isSystemEvent("Microsoft.Communication.IncomingCall", event));
  assert.ok(event.time instanceof Date && !Number.isNaN(event.time.valueOf()));
  checkIncomingCall(event.data, report);
});

test("a RecordingFileStatusUpdated of the Event Grid schema names every chunk of the recording", async () => {
  const [event] = await deserializer.deserializeEventGridEvents(seen.eventGrid.files.body);
  assert.ok(isSystemEvent("Microsoft.Communication.RecordingFileStatusUpdated", event));
  checkFiles(event.data, event.subject, seen.eventGrid);
});

test("a RecordingFileStatusUpdated of the CloudEvents schema names every chunk of the recording", async () => {
  const [event] = await deserializer.deserializeCloudEvents(seen.cloudEvents.files.body);
  assert.ok(isSystemEvent("Microsoft.Communication.RecordingFileStatusUpdated", event));
  checkFiles(event.data, event.subject, seen.cloudEvents);
});
