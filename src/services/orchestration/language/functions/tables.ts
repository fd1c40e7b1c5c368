import type { FunctionDefinition, Functions } from "../calls.ts";
import { invalidVersion } from "../mistakes.ts";
import { filter, fnSelect, listConcat, makeUrl, mapMerge, mapReplace, memberListToMap, repeat } from "./collections.ts";
import { and, contains, equals, fnNot, ifElse, ifNullable, not, or } from "./conditions.ts";
import {
  findInMap,
  fnGetAtt,
  fnResourceFacade,
  getAttr,
  getAttrOrAll,
  getAZs,
  getFile,
  getParam,
  getResource,
  paramRef,
  ref,
  resourceFacade,
} from "./references.ts";
import { digest, fnBase64, fnReplace, fnSplit, join, joinMultiple, replace, strSplit } from "./text.ts";
import { yaql } from "./yaql.ts";

/** Which functions each version of the languages has. Later versions of HOT are what came before with what changed. */

const removed: FunctionDefinition = {
  description: "",
  removed: true,
  validate(_args, _scope, name) {
    throw invalidVersion(`The function ${name} is not supported in this version of HOT.`);
  },
  result: (args, _scope, name) => ({ [name]: args }),
};

const named = (names: readonly string[], definition: FunctionDefinition): Functions =>
  Object.fromEntries(names.map((name) => [name, definition]));

const of2013: Functions = {
  "Fn::GetAZs": getAZs,
  get_param: getParam,
  get_resource: getResource,
  Ref: ref,
  get_attr: getAttr,
  "Fn::Select": fnSelect,
  "Fn::Join": join,
  list_join: join,
  "Fn::Split": fnSplit,
  str_replace: replace({ json: false }),
  "Fn::Replace": fnReplace,
  "Fn::Base64": fnBase64,
  "Fn::MemberListToMap": memberListToMap,
  resource_facade: resourceFacade,
  "Fn::ResourceFacade": fnResourceFacade,
  get_file: getFile,
};

const gone = named(
  [
    "Fn::GetAZs",
    "Fn::Join",
    "Fn::Split",
    "Fn::Replace",
    "Fn::Base64",
    "Fn::MemberListToMap",
    "Fn::ResourceFacade",
    "Ref",
  ],
  removed,
);

// In the order in which the API lists them.
const of201410: Functions = {
  get_attr: getAttr,
  get_file: getFile,
  get_param: getParam,
  get_resource: getResource,
  list_join: join,
  resource_facade: resourceFacade,
  str_replace: replace({ json: false }),
  "Fn::Select": fnSelect,
  ...gone,
};
const of201504: Functions = {
  get_attr: getAttr,
  get_file: getFile,
  get_param: getParam,
  get_resource: getResource,
  list_join: join,
  repeat: repeat({ maps: false, permutations: false }),
  resource_facade: resourceFacade,
  str_replace: replace({ json: false }),
  "Fn::Select": fnSelect,
  digest,
  ...gone,
};
const of201510: Functions = {
  ...of201504,
  get_attr: getAttrOrAll,
  list_join: joinMultiple,
  str_replace: replace({ json: true }),
  str_split: strSplit,
  "Fn::Select": removed,
};
const of201604: Functions = { ...of201510, map_merge: mapMerge };
const of201610: Functions = {
  ...of201604,
  repeat: repeat({ maps: true, permutations: false }),
  yaql,
  map_replace: mapReplace,
  if: ifElse,
};
const of201702: Functions = { ...of201610, filter, str_replace_strict: replace({ json: true, strict: true }) };
const of201709: Functions = {
  ...of201702,
  repeat: repeat({ maps: true, permutations: true }),
  make_url: makeUrl,
  list_concat: listConcat({ unique: false }),
  str_replace_vstrict: replace({ json: true, strict: true, veryStrict: true }),
  list_concat_unique: listConcat({ unique: true }),
  contains,
};
const of202104: Functions = { ...of201709, if: ifNullable };

const conditions: Functions = { get_param: getParam, equals, not, and, or };
const moreConditions: Functions = { ...conditions, yaql, contains };

export interface FunctionTable {
  readonly functions: Functions;
  /** Null: this version has no conditions. */
  readonly conditions: Functions | null;
}

/** By "heat_template_version"'s value. */
export const HOT_FUNCTIONS: Readonly<Record<string, FunctionTable>> = {
  "2013-05-23": { functions: of2013, conditions: null },
  "2014-10-16": { functions: of201410, conditions: null },
  "2015-04-30": { functions: of201504, conditions: null },
  "2015-10-15": { functions: of201510, conditions: null },
  "2016-04-08": { functions: of201604, conditions: null },
  "2016-10-14": { functions: of201610, conditions },
  "2017-02-24": { functions: of201702, conditions },
  "2017-09-01": { functions: of201709, conditions: moreConditions },
  "2018-03-02": { functions: of201709, conditions: moreConditions },
  "2018-08-31": { functions: of201709, conditions: moreConditions },
  "2021-04-16": { functions: of202104, conditions: moreConditions },
};

const ofHeat: Functions = {
  "Fn::FindInMap": findInMap,
  "Fn::GetAZs": getAZs,
  Ref: ref,
  "Fn::GetAtt": fnGetAtt,
  "Fn::Select": fnSelect,
  "Fn::Join": join,
  "Fn::Split": fnSplit,
  "Fn::Replace": fnReplace,
  "Fn::Base64": fnBase64,
  "Fn::MemberListToMap": memberListToMap,
  "Fn::ResourceFacade": fnResourceFacade,
};

/** By the name of the key that holds the version. */
export const CFN_FUNCTIONS: Readonly<Record<string, FunctionTable>> = {
  AWSTemplateFormatVersion: {
    functions: { ...ofHeat, "Fn::If": ifElse },
    conditions: {
      "Fn::Equals": equals,
      Ref: paramRef,
      "Fn::FindInMap": findInMap,
      "Fn::Not": fnNot,
      "Fn::And": and,
      "Fn::Or": or,
    },
  },
  HeatTemplateFormatVersion: { functions: ofHeat, conditions: null },
};
