// The library of Standard Webhooks, and Microsoft's reader of CloudEvents, take what Earshot posts about an alert.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { EventGridDeserializer } from "@azure/eventgrid";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { Stage, callOver, freePort, placeCall, waitFor } from "./support.mjs";

const secrets = [randomBytes(32), randomBytes(24)].map((bytes) => `whsec_${bytes.toString("base64")}`);
let stage;
let earshot;
let callId;
let received;

before(async () => {
  stage = await Stage.open();
  const folder = path.join(stage.folder, "recordings");
  await mkdir(folder);
  const hook = await stage.startListener();
  const port = await freePort();
  // No recording can be started: the simulator refuses every start.
  const simulator = await stage.startSimulator(
    ["--recordings", folder, "--fault", "rest.start_recording:status=403"], `http://127.0.0.1:${port}`);
  earshot = await stage.startEarshot(port, simulator, {
    ALERT_WEBHOOK_URL: `${hook.url}/alerts?token=abc`,
    ALERT_WEBHOOK_SECRET: secrets.join(","),
  });
  const id = await placeCall(simulator, {
    eventGridUrl: `${earshot.url}/api/incomingCall?secret=${simulator.secret}`,
    from: "+15550130", to: "+15550199", hangUpAt: 4 });
  received = await waitFor("a webhook", () =>
    hook.received.find((entry) => entry.body.includes("recording_start_failed")));
  await callOver(simulator, id);
  [{ contextId: callId }] = (await earshot.askJson("calls", "list")).calls;
});

after(() => stage?.close());

test("either of two secrets verifies the webhook, another one does not", () => {
  for (const secret of secrets) assert.ok(new Webhook(secret).verify(received.body, received.headers));
  const stranger = new Webhook(`whsec_${randomBytes(32).toString("base64")}`);
  assert.throws(() => stranger.verify(received.body, received.headers), WebhookVerificationError);
  assert.throws(() => new Webhook(secrets[0]).verify(`${received.body} `, received.headers), WebhookVerificationError);
});

test("its body is a CloudEvents event about the call, without a telephone number", async () => {
  assert.equal(received.method, "POST");
  assert.equal(received.path, "/alerts?token=abc");
  assert.match(received.headers["content-type"], /^application\/cloudevents\+json/);
  const [event] = await new EventGridDeserializer().deserializeCloudEvents(received.body);
  assert.equal(event.type, "earshot.alert.recording_start_failed");
  assert.equal(event.id, received.headers["webhook-id"]);
  assert.equal(event.subject, callId);
  assert.equal(event.source, earshot.url);
  assert.ok(event.time instanceof Date && !Number.isNaN(event.time.valueOf()));
  assert.equal(event.data.contextId, callId);
  assert.doesNotMatch(received.body, /1555013|1555019/);
});

test("the command line lists it as delivered", async () => {
  const alert = await waitFor("the delivery to be stored", async () =>
    (await earshot.askJson("alerts", "list", "--state", "delivered")).alerts
      .find((one) => one.kind === "recording_start_failed"));
  assert.equal(alert.id, received.headers["webhook-id"]);
  assert.match(await earshot.ask("alerts", "list"), /recording_start_failed/);
});
