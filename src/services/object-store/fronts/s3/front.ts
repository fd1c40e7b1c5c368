import { randomUUID } from "node:crypto";
import { family } from "../../../../kernel/http/families.ts";
import type { Front } from "../../../../kernel/module.ts";
import { fail, render } from "./answers.ts";
import { authenticate } from "./authenticate.ts";
import { choose } from "./choose.ts";
import { locate } from "./location.ts";

/** Amazon's S3: signed requests, XML, buckets in the path or in the host's name. */
export const s3Front: Front = {
  name: "object-store-s3",
  endpoint: { prefix: "/s3", classicPorts: ["s3"], catalog: [] },
  api: family({
    locate,
    stages: { authenticate: [authenticate], choose, render, fail },
    requestId: () =>
      `tx${randomUUID().replaceAll("-", "").slice(0, 21)}-${Math.floor(Date.now() / 1000)
        .toString(16)
        .padStart(10, "0")}`,
    requestIdHeaders: ["x-amz-request-id"],
    renderError: ({ message }) => message,
    forbidden: () => "Access Denied",
    mergesSlashes: false,
  }),
};
