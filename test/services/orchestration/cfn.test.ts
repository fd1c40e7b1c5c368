import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { until } from "../../support/patience.ts";
import { type Heat, heat, hot } from "./support.ts";

const HOST = "cloud.test";
const PATH = "/heat-api-cfn/v1/";

describe("Amazon's CloudFormation", () => {
  let t: Heat;
  let key: { access: string; secret: string };
  before(async () => {
    t = await heat();
    const { token } = (
      await t.request("GET", "/identity/v3/auth/tokens", {
        token: t.token,
        headers: { "x-subject-token": t.token },
      })
    ).body;
    const made = await t.request("POST", `/identity/v3/users/${token.user.id}/credentials/OS-EC2`, {
      token: t.token,
      body: { tenant_id: t.project },
    });
    key = made.body.credential;
  });
  after(() => t.close());

  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const queryOf = (params: Record<string, string>) =>
    Object.keys(params)
      .sort()
      .map((name) => `${encode(name)}=${encode(params[name] ?? "")}`)
      .join("&");

  /** Signed with version 2, in the URL or as a form. */
  async function send(params: Record<string, string>, form = false, by = key): Promise<Answer> {
    const method = form ? "POST" : "GET";
    const all: Record<string, string> = {
      ...params,
      AWSAccessKeyId: by.access,
      SignatureMethod: "HmacSHA256",
      SignatureVersion: "2",
      Timestamp: new Date().toISOString(),
    };
    const text = [method, HOST, PATH, queryOf(all)].join("\n");
    const signed = queryOf({ ...all, Signature: createHmac("sha256", by.secret).update(text).digest("base64") });
    const response = form
      ? await t.fetch(PATH, {
          method,
          body: signed,
          headers: { host: HOST, "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
        })
      : await t.fetch(`${PATH}?${signed}`, { headers: { host: HOST } });
    return { status: response.status, type: response.headers.get("content-type") ?? "", text: await response.text() };
  }
  interface Answer {
    status: number;
    type: string;
    text: string;
  }

  /** As boto3 does it: version 4, a form, signed in a header. */
  async function sendV4(params: Record<string, string>, secret = key.secret): Promise<Answer> {
    const body = new URLSearchParams(params).toString();
    const now = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const scope = `${now.slice(0, 8)}/RegionOne/cloudformation/aws4_request`;
    const sha = (text: string) => createHash("sha256").update(text).digest("hex");
    const type = "application/x-www-form-urlencoded; charset=utf-8";
    const headers = `content-type:${type}\nhost:${HOST}\nx-amz-date:${now}\n`;
    const names = "content-type;host;x-amz-date";
    const canonical = ["POST", PATH, "", headers, names, sha(body)].join("\n");
    let signing: Buffer | string = `AWS4${secret}`;
    for (const part of scope.split("/")) signing = createHmac("sha256", signing).update(part).digest();
    const signature = createHmac("sha256", signing)
      .update(["AWS4-HMAC-SHA256", now, scope, sha(canonical)].join("\n"))
      .digest("hex");
    const authorization = `AWS4-HMAC-SHA256 Credential=${key.access}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
    const response = await t.fetch(PATH, {
      method: "POST",
      body,
      headers: { host: HOST, "content-type": type, "x-amz-date": now, authorization },
    });
    return { status: response.status, type: response.headers.get("content-type") ?? "", text: await response.text() };
  }

  const json = async (Action: string, params: Record<string, string> = {}) => {
    const answer = await send({ Action, ContentType: "JSON", ...params }, true);
    assert.equal(answer.status, 200, answer.text);
    return JSON.parse(answer.text)[`${Action}Response`][`${Action}Result`];
  };

  const TEMPLATE = {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: "Two values",
    Parameters: { Word: { Type: "String", Default: "one", Description: "A word", NoEcho: "true" } },
    Resources: {
      V: { Type: "OS::Heat::Value", Properties: { value: { Ref: "Word" } }, Metadata: { told: 'a "word"' } },
      R: { Type: "OS::Heat::RandomString" },
    },
    Outputs: { O: { Description: "It", Value: { "Fn::GetAtt": ["V", "value"] } } },
  };

  test("a stack's whole life, over both versions of signatures, in XML and in JSON", async () => {
    const made = await sendV4({
      Action: "CreateStack",
      StackName: "cf",
      TemplateBody: JSON.stringify(TEMPLATE),
      "Parameters.member.1.ParameterKey": "Word",
      "Parameters.member.1.ParameterValue": "a<b&c",
      OnFailure: "ROLLBACK",
      TimeoutInMinutes: "30",
    });
    assert.equal(made.status, 200, made.text);
    assert.equal(made.type, "application/xml; charset=UTF-8");
    const [, id] = /<StackId>arn:openstack:heat::[0-9a-f]+:stacks\/cf\/([0-9a-f-]+)<\/StackId>/.exec(made.text) ?? [];
    assert.ok(id, made.text);
    await t.idle();
    const arn = `arn:openstack:heat::${t.project}:stacks/cf/${id}`;
    const { stack } = (await t.ask("GET", `stacks/cf/${id}`)).body;
    assert.equal(stack.disable_rollback, false);
    assert.equal(stack.timeout_mins, 30);

    const described = await send({ Action: "DescribeStacks", StackName: arn });
    assert.match(described.text, /<DescribeStacksResponse><DescribeStacksResult><Stacks><member>/);
    assert.match(described.text, /<StackStatus>CREATE_COMPLETE<\/StackStatus>/);
    assert.match(described.text, /<OutputKey>O<\/OutputKey><OutputValue>a&lt;b&amp;c<\/OutputValue>/);
    assert.match(described.text, /<DisableRollback>False<\/DisableRollback>/);
    const [one] = (await json("DescribeStacks")).Stacks;
    assert.deepEqual(
      one.Parameters.find((entry: Json) => entry.ParameterKey === "Word"),
      {
        ParameterKey: "Word",
        ParameterValue: "******",
      },
    );
    assert.equal(one.StackId, arn);
    assert.equal(Object.hasOwn(one, "LastUpdatedTime"), false);

    const [summary] = (await json("ListStacks")).StackSummaries;
    assert.equal(summary.StackName, "cf");
    assert.equal(summary.StackStatus, "CREATE_COMPLETE");
    const resources = (await json("DescribeStackResources", { StackName: "cf" })).StackResources;
    assert.deepEqual(resources.map((entry: Json) => entry.LogicalResourceId).sort(), ["R", "V"]);
    const physical = resources[0].PhysicalResourceId;
    const found = (await json("DescribeStackResources", { PhysicalResourceId: physical })).StackResources;
    assert.equal(found.length, 2);
    const listed = (await json("ListStackResources", { StackName: "cf" })).StackResourceSummaries;
    assert.equal(listed[0].ResourceStatus, "CREATE_COMPLETE");
    assert.equal(Object.hasOwn(listed[0], "StackId"), false);
    const shown = await send({ Action: "DescribeStackResource", StackName: "cf", LogicalResourceId: "V" });
    assert.match(shown.text, /<Metadata>\{&quot;told&quot;:&quot;a \\&quot;word\\&quot;&quot;\}<\/Metadata>/);
    const events = (await json("DescribeStackEvents", { StackName: "cf" })).StackEvents;
    assert.equal(events[0].ResourceStatus, "CREATE_COMPLETE");
    assert.equal(events[0].ResourceType, "OS::Heat::Stack");
    assert.equal((await json("GetTemplate", { StackName: "cf" })).TemplateBody.Description, "Two values");
    assert.equal((await json("EstimateTemplateCost")).Url, "http://en.wikipedia.org/wiki/Gratis");
    assert.deepEqual(await json("ValidateTemplate", { TemplateBody: JSON.stringify(TEMPLATE) }), {
      Description: "Two values",
      Parameters: [{ ParameterKey: "Word", DefaultValue: "one", Description: "A word", NoEcho: "true" }],
    });

    const updated = await json("UpdateStack", {
      StackName: "cf",
      TemplateBody: JSON.stringify(TEMPLATE),
      "Parameters.member.1.ParameterKey": "Word",
      "Parameters.member.1.ParameterValue": "two",
    });
    assert.equal(updated.StackId, arn);
    await t.idle();
    const [now] = (await json("DescribeStacks", { StackName: "cf" })).Stacks;
    assert.equal(now.StackStatus, "UPDATE_COMPLETE");
    assert.equal(now.Outputs[0].OutputValue, "two");
    const deleted = await send({ Action: "DeleteStack", StackName: "cf" });
    assert.match(deleted.text, /<DeleteStackResponse><DeleteStackResult\/><\/DeleteStackResponse>/);
    await t.idle();
    assert.deepEqual((await json("ListStacks")).StackSummaries, []);
  });

  test("errors have Amazon's codes", async () => {
    const refused = async (params: Record<string, string>, status: number, code: string, words: RegExp = /./) => {
      const answer = await send(params);
      assert.equal(answer.status, status, answer.text);
      assert.match(answer.text, new RegExp(`<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code>`));
      assert.match(answer.text, words);
    };
    await refused({ Action: "Nonsense" }, 400, "InvalidAction");
    await refused({}, 400, "InvalidAction");
    await refused({ Action: "CreateStack", StackName: "x" }, 400, "MissingParameter", /TemplateBody or TemplateUrl/);
    await refused(
      { Action: "DescribeStacks", StackName: "nosuch" },
      400,
      "InvalidParameterValue",
      /supplied:The Stack \(nosuch\) could not be found\./,
    );
    const TemplateBody = JSON.stringify(TEMPLATE);
    await refused(
      { Action: "CreateStack", StackName: "x", TemplateBody, OnFailure: "DELETE", DisableRollback: "true" },
      400,
      "InvalidParameterCombination",
    );
    await refused({ Action: "CreateStack", StackName: "x", TemplateBody: "{" }, 400, "InvalidParameterValue");
    await refused({ Action: "CreateStack", StackName: "-", TemplateBody }, 400, "InvalidParameterValue");
    assert.equal((await send({ Action: "CreateStack", StackName: "twice", TemplateBody })).status, 200);
    await refused({ Action: "CreateStack", StackName: "twice", TemplateBody }, 400, "AlreadyExists");
    await t.idle();
    await refused({ Action: "CancelUpdateStack", StackName: "twice" }, 400, "InvalidParameterValue");
    const inJson = await send({ Action: "DescribeStacks", StackName: "nosuch", ContentType: "JSON" });
    assert.equal(JSON.parse(inJson.text).ErrorResponse.Error.Code, "InvalidParameterValue");

    const unsigned = await t.fetch(`${PATH}?Action=ListStacks`);
    assert.equal(unsigned.status, 400);
    assert.match(await unsigned.text(), /<Code>IncompleteSignature<\/Code>/);
    const unknown = await send({ Action: "ListStacks" }, false, { access: "nobody", secret: "x" });
    assert.equal(unknown.status, 403);
    assert.match(unknown.text, /<Code>InvalidClientTokenId<\/Code>/);
    for (const wrong of [
      await send({ Action: "ListStacks" }, true, { ...key, secret: "wrong" }),
      await sendV4({ Action: "ListStacks" }, "wrong"),
    ]) {
      assert.equal(wrong.status, 403);
      assert.match(wrong.text, /<Code>AccessDenied<\/Code>/);
    }
  });

  /** Begins a stack and waits until its condition waits. */
  async function waiting(name: string, template: Json) {
    const answer = await t.ask("POST", "stacks", { stack_name: name, template });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    const path = `stacks/${name}/${answer.body.stack.id}`;
    await until("it waits", 20, async () => {
      const { resource } = (await t.ask("GET", `${path}/resources/w`)).body;
      return resource.resource_status === "CREATE_IN_PROGRESS";
    });
    const { outputs } = (await t.ask("GET", path)).body.stack;
    const values = Object.fromEntries(outputs.map((one: Json) => [one.output_key, one.output_value]));
    return { path, values };
  }

  const put = async (url: string, body?: string, method = "PUT") => {
    const { pathname, search, host } = new URL(url);
    // As cfn-signal and curl -T send it: without a type.
    const response = await t.fetch(pathname + search, {
      method,
      ...(body === undefined ? {} : { body }),
      headers: { host, "content-type": "" },
    });
    return { status: response.status, text: await response.text() };
  };

  test("a condition of CloudFormation gets its signals by a URL that is signed", async () => {
    const template = {
      HeatTemplateFormatVersion: "2012-12-12",
      Resources: {
        h: { Type: "AWS::CloudFormation::WaitConditionHandle" },
        w: {
          Type: "AWS::CloudFormation::WaitCondition",
          Properties: { Handle: { Ref: "h" }, Timeout: "600", Count: "2" },
        },
      },
      Outputs: { url: { Value: { Ref: "h" } }, data: { Value: { "Fn::GetAtt": ["w", "Data"] } } },
    };
    const { path, values } = await waiting("aws", template);
    const { url } = values;
    assert.match(
      url,
      /\/heat-api-cfn\/v1\/waitcondition\/arn%3Aopenstack%3Aheat%3A%3A[0-9a-f]+%3Astacks\/aws\/[0-9a-f-]+\/resources\/h\?SignatureMethod=HmacSHA256&SignatureVersion=2&AWSAccessKeyId=[0-9a-f]+&Signature=/,
    );
    const signal = (id: string) => JSON.stringify({ Status: "SUCCESS", Reason: "r", Data: `d${id}`, UniqueId: id });
    // What is not whole is refused, and counts for nothing.
    const bad = await put(url, JSON.stringify({ Status: "SUCCESS" }));
    assert.equal(bad.status, 400);
    assert.match(bad.text, /ValueError: resources\.h: Metadata format invalid/);
    assert.equal((await put(url, "{")).status, 400);
    assert.equal((await put(url.replace(/.{4}$/, "AAAA"), signal("1"))).status, 403);
    assert.equal((await put(url.replace("/resources/h", "/resources/w"), signal("1"))).status, 403);
    assert.equal((await put(url, signal("1"), "POST")).status, 400);
    const first = await put(url, signal("1"));
    assert.equal(first.status, 200, first.text);
    await put(url, signal("2"));
    await t.idle();
    const { stack } = (await t.ask("GET", path)).body;
    assert.equal(stack.stack_status, "CREATE_COMPLETE");
    const data = stack.outputs.find((one: Json) => one.output_key === "data").output_value;
    assert.equal(data, '{"1": "d1", "2": "d2"}');
    await t.ask("DELETE", path);
    await t.idle();
    assert.equal((await put(url, signal("3"))).status, 403);
  });

  test("CFN_SIGNAL of heat's own handles, and alarms by POST", async () => {
    const { path, values } = await waiting(
      "own",
      hot(
        {
          h: { type: "OS::Heat::WaitConditionHandle", properties: { signal_transport: "CFN_SIGNAL" } },
          w: { type: "OS::Heat::WaitCondition", properties: { handle: { get_resource: "h" }, timeout: 600 } },
        },
        { signal: { get_attr: ["h", "signal"] } },
      ),
    );
    const { alarm_url } = JSON.parse(values.signal);
    assert.equal((await put(alarm_url, '{"data": "x"}')).status, 200);
    await t.idle();
    assert.equal((await t.ask("GET", path)).body.stack.stack_status, "CREATE_COMPLETE");
  });
});
