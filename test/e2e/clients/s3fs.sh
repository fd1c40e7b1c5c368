# s3fs.sh ENDPOINT PASSWORD-FILE MOUNT-POINT FILE: what people do with a mounted bucket. Run by object-store-s3.test.ts.
set -eu
endpoint=$1 passwd=$2 mount=$3 file=$4
s3fs of-s3fs "$mount" -o url="$endpoint" -o passwd_file="$passwd" -o use_path_request_style
mkdir "$mount/folder"
cp "$file" "$mount/folder/big"
cmp "$file" "$mount/folder/big"
echo one > "$mount/folder/text"
echo two >> "$mount/folder/text"
test "$(cat "$mount/folder/text")" = "one
two"
chmod 600 "$mount/folder/text"
test "$(stat -c %a "$mount/folder/text")" = 600
truncate -s 3 "$mount/folder/text"
test "$(cat "$mount/folder/text")" = one
mv "$mount/folder/big" "$mount/folder/renamed"
test "$(ls "$mount/folder" | tr '\n' ' ')" = "renamed text "
rm "$mount/folder/text"
test "$(ls "$mount/folder")" = renamed
umount "$mount"
