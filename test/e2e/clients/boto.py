"""What people do with boto3: run by object-store-s3.test.ts beside a cloud (S3_ENDPOINT, AWS_...). Argument: s3 (v2 signatures) or s3v4."""

import os
import sys

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import ClientError
import urllib.request

MIB = 1024 * 1024
signature = sys.argv[1]
bucket = "of-boto-%s-%d" % (signature, os.getpid())
home = os.environ["HOME"]
config = Config(signature_version=signature, s3={"addressing_style": "path"})
s3 = boto3.client("s3", endpoint_url=os.environ["S3_ENDPOINT"], config=config)
v4 = signature == "s3v4"


def read(key, **more):
    return s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def code(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


s3.create_bucket(Bucket=bucket)
assert bucket in [each["Name"] for each in s3.list_buckets()["Buckets"]]
s3.put_object(Bucket=bucket, Key="text", Body=b"hello", Metadata={"color": "blue"})
assert s3.head_object(Bucket=bucket, Key="text")["Metadata"] == {"color": "blue"}
assert read("text", Range="bytes=1-2") == b"el"
assert code(s3.get_object, Bucket=bucket, Key="nothing") == "NoSuchKey"
assert code(s3.head_bucket, Bucket="nothing-here") == "404"

path = os.path.join(home, "boto-file")
data = os.urandom(20 * MIB + 1)
with open(path, "wb") as file:
    file.write(data)
s3.upload_file(path, bucket, "file", Config=TransferConfig(multipart_threshold=8 * MIB, multipart_chunksize=8 * MIB))
assert s3.head_object(Bucket=bucket, Key="file")["ETag"].endswith('-3"')
s3.download_file(bucket, "file", path + ".back")
with open(path + ".back", "rb") as file:
    assert file.read() == data

keys = ["a/%d ü+&" % number for number in range(7)]
for key in keys:
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="a/", PaginationConfig={"PageSize": 3})
assert [each["Key"] for page in pages for each in page["Contents"]] == keys
folders = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
assert [each["Prefix"] for each in folders["CommonPrefixes"]] == ["a/"]

s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
first = s3.put_object(Bucket=bucket, Key="v", Body=b"one")["VersionId"]
s3.put_object(Bucket=bucket, Key="v", Body=b"two")
assert read("v") == b"two" and read("v", VersionId=first) == b"one"
s3.delete_object(Bucket=bucket, Key="v")
assert code(s3.get_object, Bucket=bucket, Key="v") == "NoSuchKey"

url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "text"}, ExpiresIn=60)
assert ("X-Amz-Signature" in url) == v4
assert urllib.request.urlopen(url).read() == b"hello"

wrong = boto3.client(
    "s3",
    endpoint_url=os.environ["S3_ENDPOINT"],
    config=config,
    aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
    aws_secret_access_key="wrong",
)
assert code(wrong.list_buckets) == "SignatureDoesNotMatch"

versions = s3.list_object_versions(Bucket=bucket)
everything = [
    {"Key": each["Key"], "VersionId": each["VersionId"]}
    for each in versions["Versions"] + versions["DeleteMarkers"]
]
answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": everything})
assert len(answer["Deleted"]) == len(everything), answer
s3.delete_bucket(Bucket=bucket)
