/** Every service that there is: a line each, by the name of its folder. */
export * as blockStorage from "./services/block-storage/service.ts";
export * as compute from "./services/compute/service.ts";
export * as identity from "./services/identity/service.ts";
export * as image from "./services/image/service.ts";
export * as network from "./services/network/service.ts";
export * as objectStore from "./services/object-store/service.ts";
export * as orchestration from "./services/orchestration/service.ts";
export * as placement from "./services/placement/service.ts";
