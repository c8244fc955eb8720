// Microsoft's Call Automation client drives the simulator, and its event parser reads the simulator's callbacks.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { CallAutomationClient, parseCallAutomationEvent } from "@azure/communication-call-automation";
import { Stage, getJson, placeCall, waitFor } from "./support.mjs";

let stage;
let simulator;
let callbacks;
let eventGrid;
let client;
let connectionString;

before(async () => {
  stage = await Stage.open();
  const folder = path.join(stage.folder, "recordings");
  await mkdir(folder);
  simulator = await stage.startSimulator(["--recordings", folder, "--export-always"]);
  callbacks = await stage.startListener();
  eventGrid = await stage.startListener();
  connectionString = simulator.environment.ACS_CONNECTION_STRING;
  client = new CallAutomationClient(connectionString, { allowInsecureConnection: true });
});

after(async () => stage?.close());

/** A call that rings, as Event Grid told it. */
async function ringing(number) {
  const id = await placeCall(simulator, { eventGridUrl: `${eventGrid.url}/events`, from: number, lengthMax: 600 });
  const event = await waitFor("an incoming call", () => eventGrid.received
    .flatMap((entry) => JSON.parse(entry.body))
    .find((each) => each.eventType === "Microsoft.Communication.IncomingCall" &&
      each.data.from.phoneNumber?.value === number));
  return { id, data: event.data };
}

/** Everything posted for one call, read by the SDK's parser. The service posts arrays, which the parser takes one by one. */
function parsedFor(callConnectionId) {
  return callbacks.received
    .flatMap((entry) => JSON.parse(entry.body))
    .map((event) => parseCallAutomationEvent(JSON.stringify(event)))
    .filter((event) => event.callConnectionId === callConnectionId);
}

function callback(callConnectionId, kind, also = () => true) {
  return waitFor(`the callback ${kind}`, () =>
    parsedFor(callConnectionId).find((event) => event.kind === kind && also(event)));
}

async function answered(number) {
  const call = await ringing(number);
  const result = await client.answerCall(call.data.incomingCallContext, `${callbacks.url}/callbacks`,
    { operationContext: "interop" });
  const { callConnectionId } = result.callConnectionProperties;
  await callback(callConnectionId, "CallConnected");
  return { ...call, callConnectionId, result };
}

test("answerCall takes a ringing call, and its properties tell its parties and its state", async () => {
  const { data, callConnectionId, result } = await answered("+15550110");
  assert.equal(result.callConnectionProperties.serverCallId, data.serverCallId);
  assert.equal(result.callConnectionProperties.correlationId, data.correlationId);
  const properties = await client.getCallConnection(callConnectionId).getCallConnectionProperties();
  assert.equal(properties.callConnectionId, callConnectionId);
  assert.equal(properties.callConnectionState, "connected");
  // Declared as callbackUrl, handed over under the name it has on the wire.
  assert.equal(properties.callbackUri, `${callbacks.url}/callbacks`);
  assert.deepEqual(properties.targetParticipants, result.callConnectionProperties.targetParticipants);
  const { values } = await client.getCallConnection(callConnectionId).listParticipants();
  assert.ok(values.some(({ identifier }) => identifier.phoneNumber === "+15550110"), JSON.stringify(values));
  await client.getCallConnection(callConnectionId).hangUp(true);
});

test("the event parser reads CallConnected and ParticipantsUpdated of an answered call", async () => {
  const { data, callConnectionId } = await answered("+15550111");
  const connected = await callback(callConnectionId, "CallConnected");
  assert.equal(connected.serverCallId, data.serverCallId);
  assert.equal(connected.correlationId, data.correlationId);
  assert.equal(connected.operationContext, "interop");
  assert.equal(connected.resultInformation.code, 200);
  const updated = await callback(callConnectionId, "ParticipantsUpdated");
  assert.ok(updated.participants.some(({ identifier }) => identifier.phoneNumber === "+15550111"),
    JSON.stringify(updated));
  await client.getCallConnection(callConnectionId).hangUp(true);
});

test("recording starts, tells its state, pauses, resumes and stops, and each change is a callback", async () => {
  const { data, callConnectionId } = await answered("+15550112");
  const recordings = client.getCallRecording();
  const started = await recordings.start({
    callLocator: { kind: "serverCallLocator", id: data.serverCallId },
    recordingContent: "audio",
    recordingChannel: "mixed",
    recordingFormat: "wav",
    recordingStateCallbackEndpointUrl: `${callbacks.url}/recording`,
  });
  const { recordingId } = started;
  assert.ok(recordingId);
  const stateIs = (state) => waitFor(`a recording that is ${state}`, async () => {
    const seen = await recordings.getState(recordingId);
    assert.equal(seen.recordingId, recordingId);
    return seen.recordingState === state;
  });
  await stateIs("active");
  await callback(callConnectionId, "RecordingStateChanged", (event) => event.state === "active");
  await recordings.pause(recordingId);
  await stateIs("inactive");
  await recordings.resume(recordingId);
  await stateIs("active");
  await recordings.stop(recordingId);
  await waitFor("four recording states", () => parsedFor(callConnectionId)
    .filter((event) => event.kind === "RecordingStateChanged").length >= 4);
  const told = parsedFor(callConnectionId).filter((event) => event.kind === "RecordingStateChanged");
  assert.ok(told.every((event) => event.recordingId === recordingId));
  assert.deepEqual(told.map((event) => event.state), ["active", "inactive", "active", "inactive"]);
  assert.ok(!Number.isNaN(new Date(told[0].startDateTime).valueOf()));
  await client.getCallConnection(callConnectionId).hangUp(true);
});

test("a recording started by the connection's id is refused a second time with the code 8553", async () => {
  const { callConnectionId } = await answered("+15550113");
  const recordings = client.getCallRecording();
  const options = { callConnectionId, recordingContent: "audio", recordingChannel: "mixed", recordingFormat: "wav" };
  const first = await recordings.start(options);
  assert.ok(first.recordingId);
  await assert.rejects(recordings.start(options), (problem) => {
    assert.equal(problem.statusCode, 400);
    assert.equal(problem.code ?? problem.details?.error?.code, "8553");
    return true;
  });
  await client.getCallConnection(callConnectionId).hangUp(true);
});

test("hangUp ends the call for everyone, the parser reads CallDisconnected, and the caller is told", async () => {
  const { id, callConnectionId } = await answered("+15550114");
  await client.getCallConnection(callConnectionId).hangUp(true);
  const ended = await callback(callConnectionId, "CallDisconnected");
  assert.equal(ended.callConnectionId, callConnectionId);
  const shown = await waitFor("the simulated caller's end", async () => {
    const look = await getJson(`${simulator.url}/sim/calls/${id}`);
    return look.done && look;
  });
  assert.equal(shown.report.callConnectionId, callConnectionId);
});

test("createCall makes a call of its own that connects and can be hung up", async () => {
  const created = await client.createCall({ targetParticipant: { phoneNumber: "+15550120" },
    sourceCallIdNumber: { phoneNumber: "+15550199" } }, `${callbacks.url}/callbacks`);
  const { callConnectionId } = created.callConnectionProperties;
  // The answer to createCall need not hold serverCallId; the event does.
  const connected = await callback(callConnectionId, "CallConnected");
  const properties = await client.getCallConnection(callConnectionId).getCallConnectionProperties();
  assert.equal(properties.callConnectionState, "connected");
  assert.ok(connected.serverCallId);
  assert.equal(connected.correlationId, created.callConnectionProperties.correlationId);
  assert.deepEqual(properties.targetParticipants.map((target) => target.phoneNumber), ["+15550120"]);
  await client.getCallConnection(callConnectionId).hangUp(true);
  await callback(callConnectionId, "CallDisconnected");
});

test("rejectCall ends the ringing, and a call that nobody knows is a 404", async () => {
  const { id, data } = await ringing("+15550115");
  await client.rejectCall(data.incomingCallContext);
  await waitFor("the simulated caller's end", async () => (await getJson(`${simulator.url}/sim/calls/${id}`)).done);
  await assert.rejects(
    client.getCallConnection("00000000-0000-4000-8000-00000000ffff").getCallConnectionProperties(),
    (problem) => problem.statusCode === 404);
});

test("a client with another key is refused with a 401", async () => {
  const stranger = new CallAutomationClient(
    connectionString.replace(/accesskey=.*/, `accesskey=${Buffer.alloc(32, 7).toString("base64")}`),
    { allowInsecureConnection: true });
  await assert.rejects(stranger.getCallConnection("any").getCallConnectionProperties(),
    (problem) => problem.statusCode === 401);
});
