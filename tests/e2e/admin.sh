#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The administrator's tool: keys at rest, the state, diffs, publishing to real registries on loopback addresses.
#
#     tests/e2e/admin.sh [BUILD_DIRECTORY]
#
# Prints TAP. Needs neither root nor namespaces. Exit status 0: all passed, 1: not, 77: the tool is not built.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
BUILD=${1:-${AVPN_BUILD_ROOT:-$HERE/../../build}}
ADMIN=$BUILD/examples/admin/autovpn
REGISTRY=$BUILD/examples/registry/autovpn-registry
DEVICE=$BUILD/tests/e2e/device

tests=0
failures=0

# check NAME COMMAND...
check() {
    local name=$1
    shift
    tests=$((tests + 1))
    if "$@"; then
        echo "ok $tests - $name"
    else
        failures=$((failures + 1))
        echo "not ok $tests - $name"
        sed 's/^/# /' "$DIR/out" "$DIR/err" | tail -20
    fi
}

skip() {
    tests=$((tests + 1))
    echo "ok $tests - $1 # SKIP $2"
}

finish() {
    local pid
    for pid in ${PIDS:-}; do
        kill "$pid" 2> /dev/null
    done
    rm -rf "$DIR"
}

# run STATUS COMMAND...: output in $DIR/out, complaints in $DIR/err
run() {
    local wanted=$1 status
    shift
    "$@" > "$DIR/out" 2> "$DIR/err" < /dev/null
    status=$?
    [ $status = "$wanted" ] && return
    echo "# exit status $status, not $wanted: $*"
    return 1
}

autovpn() {
    timeout 60 "$ADMIN" "$@"
}

says() {
    grep -Eq -- "$1" "$DIR/out"
}

complains() {
    grep -Eq -- "$1" "$DIR/err"
}

not() {
    ! "$@"
}

# The value of a Python expression of `d`, the JSON in $DIR/out
value() {
    python3 -c "import json, sys; d = json.load(open('$DIR/out')); print($1)"
}

is() {
    local found
    found=$(value "$1") && [ "$found" = "$2" ] && return
    echo "# $1 is '${found:-}', not '$2'"
    return 1
}

random_key() {
    head -c 32 /dev/urandom | base64
}

# ---- keys at rest ---------------------------------------------------------------------------

PASS='correct horse battery staple'

init() {
    run 0 autovpn org init "$DIR/$1" --name e2e "${@:2}" || return
    tail -1 "$DIR/out" > "$DIR/$1.id"
}

are_locked() {
    local file
    for file in "$1"/*; do
        grep -Eq '^autovpn-secret 1 (root|signer|psk) [^ ]+ argon2id13 [0-9]+ [0-9]+ [^ ]+ xchacha20poly1305 [^ ]+ [^ ]+$' "$file" &&
            [ "$(stat -c %a "$file")" = 600 ] && [ "$(wc -l < "$file")" = 1 ] || return 1
    done
}

has_nowhere() {
    ! grep -rqF -- "$1" "$DIR/$2"
}

# The plain secrets of an organization, as base64 and as bytes, are in no other file of it.
secrets_stay_in_keys() {
    python3 - "$DIR/$1" << 'END'
import base64, pathlib, sys
root = pathlib.Path(sys.argv[1])
secrets = [f.read_text().split()[-1] for f in (root / 'keys').iterdir()]
assert len(secrets) >= 3
for f in root.iterdir():
    if f.is_file():
        data = f.read_bytes()
        for s in secrets:
            raw = base64.b64decode(s)
            assert s.encode() not in data and raw[:32] not in data, f
END
}

# Types into a terminal of its own: typed WORDS... -- COMMAND...; what was shown is in $DIR/out
typed() {
    python3 - "$DIR/out" "$@" << 'END'
import os, pty, select, signal, sys, time
log, rest = sys.argv[1], sys.argv[2:]
cut = rest.index('--')
words, command = rest[:cut], rest[cut + 1:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(command[0], command)
shown, end, waiting = b'', time.time() + 60, True
while time.time() < end:
    if select.select([fd], [], [], 0.2)[0]:
        try:
            data = os.read(fd, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
        if data.endswith(b': ') and words:
            os.write(fd, words.pop(0).encode() + b'\r')
else:
    os.kill(pid, signal.SIGKILL)
open(log, 'wb').write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
}

keys_at_rest() {
    printf '%s\n' "$PASS" > "$DIR/pass"
    printf 'another one altogether\n' > "$DIR/wrong"
    check "init with a passphrase from a file" init locked --key-file "$DIR/pass"
    check "it prints the organization's id" grep -Eqx '[A-Za-z0-9+/]{43}=' "$DIR/locked.id"
    check "every key file is one locked line that names how, readable by its owner alone" \
        are_locked "$DIR/locked/keys"
    check "the keys' directory is its owner's alone" \
        [ "$(stat -c %a "$DIR/locked/keys")" = 700 ]
    check "the passphrase is in no file" has_nowhere "$PASS" locked
    check "init never overwrites" run 2 autovpn org init "$DIR/locked" --key-file "$DIR/pass"
    printf 'short\n' > "$DIR/short"
    check "a short passphrase is refused" run 1 autovpn org init "$DIR/s" --key-file "$DIR/short"
    check "without a terminal --key-file is named" \
        run 1 setsid -w "$ADMIN" org init "$DIR/t" --name t
    check "... in the message" complains 'no terminal.*--key-file'
    check "nothing was made then" [ ! -e "$DIR/t/org.yaml" ]
    check "init --no-passphrase" init plain --no-passphrase
    check "it warns" complains 'warning: .*not locked'
    check "plain keys are readable by their owner alone" \
        [ "$(stat -c %a "$DIR"/plain/keys/* | sort -u)" = 600 ]
    check "a terminal is asked twice for a new passphrase" \
        typed "$PASS" 'a slip of the hand' "$PASS" "$PASS" -- "$ADMIN" org init "$DIR/asked"
    check "a slip is told" says 'not the same'
    check "the passphrase is not echoed" not says "$PASS"
    check "its keys are locked" are_locked "$DIR/asked/keys"
}

# ---- an organization -----------------------------------------------------------------------

# write_org NAME: from the lines in $REGISTRIES, $POLICY and $SITES
write_org() {
    {
        echo "name: e2e"
        echo "registries:"
        printf '%s\n' "$REGISTRIES"
        [ -z "$POLICY" ] || printf '%s\n' "$POLICY"
        echo "sites:"
        printf '%s\n' "$SITES"
    } > "$DIR/$1/org.yaml"
}

publish() {
    autovpn org publish "$DIR/$1/org.yaml" --key-file "$DIR/pass" "${@:2}"
}

only_file() {
    publish "$1" --only-file --json "${@:2}"
}

org_check() {
    run 0 autovpn org check "$DIR/$1/org.yaml" --json
}

# finding SEVERITY FIELD VALUE LINE: among those in $DIR/out
finding() {
    is "('$1', '$2', '$3', $4) in [(f['severity'], f['field'], f['value'], f['line']) for f in d['findings']]" True
}

# change SITE FIELD TEXT: among those in $DIR/out
change() {
    is "[c for c in d['changes'] if c['site'] == $1 and c['field'] == '$2' and '$3' in c['change']] != []" True
}

base_org() {
    POLICY=
    K_HEAD=$(random_key)
    K_BRANCH=$(random_key)
    REGISTRIES="  - {host: 127.0.0.1, port: 9381, key: $(random_key)}"
    SITES="  head:
    key: $K_HEAD
    role: hub
    exports: [10.1.0.0/16]
  dc:
    role: hub
    exports: [10.3.0.0/16]
  branch:
    key: $K_BRANCH
    role: spoke
    hubs: [dc, head]
    exports: [10.2.0.0/24, 10.1.2.0/24]
  lonely:
    key: $(random_key)
    role: spoke"
    write_org locked
}

check_and_diff() {
    base_org
    check "check: a valid file" org_check locked
    check "check: one registry alone is warned of" finding warning registries '' 2
    check "check: a site without a device waits" finding warning sites.dc dc 9
    check "check: a hub that waits is left out" finding warning 'sites.branch.hubs[0]' dc 15
    check "check: a spoke without a hub is warned of" finding warning sites.lonely lonely 17
    check "check: overlapping exports name both lines" \
        is "[f['message'] for f in d['findings'] if f['field'] == 'sites.branch.exports[1]'][0].startswith('lies in 10.1.0.0/16 of head (line 8)')" True
    check "check: what is new is told, and for whom" change "'branch'" site 'added, a spoke'
    check "check: the tunnels that begin" \
        is "[c['tunnels_begin'] for c in d['changes'] if c['site'] == 'branch']" "[['head']]"
    check "show: the file as it is understood" run 0 autovpn org show "$DIR/locked/org.yaml" --json
    check "... its sites in their order" is "[(s['name'], s['id'], s['role'], s['waits']) for s in d['sites']]" \
        "[('head', 1, 'hub', False), ('dc', 2, 'hub', True), ('branch', 3, 'spoke', False), ('lonely', 4, 'spoke', False)]"
    check "... what they have, and with whom a tunnel" is "[d['sites'][2][word] for word in ('hubs', 'exports', 'peers', 'key')]" \
        "[[{'site': 'dc', 'default_route': False}, {'site': 'head', 'default_route': False}], ['10.2.0.0/24', '10.1.2.0/24'], ['head'], '$K_BRANCH']"
    check "... registries and what is organization-wide" is "(d['name'], d['version'], d['hub_tunnels'], d['registries'][0]['port'], d['suites'][0])" \
        "('e2e', 0, True, 9381, 'AES-256-GCM')"
    check "... for people too" run 0 autovpn org show "$DIR/locked/org.yaml"
    check "... in words" says '^dc: hub, member 2, waits for a device$'
    check "check writes nothing" [ ! -e "$DIR/locked/org.published" ]
    check "publish to a file" run 0 only_file locked --out "$DIR/bundle"
    check "version 1, without the site that waits" is "(d['version'], d['sites'])" "(1, 3)"
    check "valid for 30 days" is "29 * 86400 < d['expires'] - __import__('time').time() < 31 * 86400" True
    check "what was signed is kept" cmp -s "$DIR/bundle" "$DIR/locked/org.published"
    check "the same again" run 0 only_file locked --out "$DIR/again"
    check "is the same, byte for byte" cmp -s "$DIR/bundle" "$DIR/again"
    check "check: nothing to change" org_check locked
    check "... says so" is "d['changes']" "[]"
    check "--refresh" run 0 only_file locked --refresh
    check "makes a newer version of the same" is "(d['version'], d['changes'])" "(2, [])"
    check "--expires" run 0 only_file locked --expires 7
    check "another expiry is a new version" is "d['version']" 3
    check "--expires again" run 0 only_file locked --expires 7
    check "the same expiry is not" is "(d['version'], d['is_new'])" "(3, False)"
}

edits() {
    SITES=${SITES//10.2.0.0\/24/10.9.0.0\/24}
    write_org locked
    check "check: a changed subnet" org_check locked
    check "... is told with both" change "'branch'" exports 'new: 10.9.0.0/24; no more: 10.2.0.0/24'
    check "... and changes nothing else" is "len(d['changes'])" 1
    SITES=${SITES//branch:/office:}
    write_org locked
    check "publish: a renamed site" run 0 only_file locked
    check "... is the same site" change "'office'" name 'was branch'
    check "... and keeps its id" grep -q '"id": 3' "$DIR/locked/org.state.json"
    SITES=${SITES//$K_BRANCH/$(random_key)}
    write_org locked
    check "publish: another key" run 0 only_file locked
    check "... replaces the device" change "'office'" key replaced
    SITES=${SITES%  lonely:*}
    write_org locked
    check "publish: a site that is gone" run 0 only_file locked
    check "... is published as revoked" change "'lonely'" site revoked
    check "... and stays a member" is "d['sites']" 3
}

wrong_passphrases() {
    cp "$DIR/locked/org.state.json" "$DIR/state.before"
    check "a wrong passphrase opens nothing" \
        run 1 autovpn org publish "$DIR/locked/org.yaml" --only-file --refresh --key-file "$DIR/wrong"
    check "... the file is named" complains 'keys/psk:1: none of the passphrases'
    check "... and nothing was changed" cmp -s "$DIR/locked/org.state.json" "$DIR/state.before"
    check "several passphrases may be given" run 0 autovpn org publish "$DIR/locked/org.yaml" \
        --only-file --refresh --key-file "$DIR/wrong" --key-file "$DIR/pass"
    check "a terminal is asked, and again after a wrong one" \
        typed 'not this one' "$PASS" -- "$ADMIN" org publish "$DIR/locked/org.yaml" --only-file --refresh
    check "... says that it was wrong" says 'does not open'
    check "--no-passphrase asks nobody" run 1 autovpn org publish "$DIR/locked/org.yaml" \
        --only-file --refresh --no-passphrase
    check "a key file that is not there is named" run 1 autovpn org publish "$DIR/locked/org.yaml" \
        --only-file --refresh --key-file "$DIR/none"
    check "... with the reason" complains "$DIR/none: .*No such file"
    cp "$DIR/locked/keys/psk" "$DIR/psk.good"
    sed -i 's/ psk 1 / psk 7 /' "$DIR/locked/keys/psk"
    check "an altered epoch is no opened file" run 1 only_file locked --refresh
    sed 's/argon2id13 [0-9]* [0-9]*/argon2id13 1 8192/' "$DIR/psk.good" > "$DIR/locked/keys/psk"
    check "nor is a cheaper way to make the key" run 1 only_file locked --refresh
    sed 's/argon2id13 [0-9]* [0-9]*/argon2id13 3 99999999999999/' "$DIR/psk.good" > "$DIR/locked/keys/psk"
    check "nor one that asks for more memory than there is" run 1 only_file locked --refresh
    cp "$DIR/psk.good" "$DIR/locked/keys/psk"
    check "the good one is" run 0 only_file locked --refresh
}

# ---- state --------------------------------------------------------------------------------------

states() {
    local version ids
    ids=$(python3 -c "import json; print({n: s['id'] for n, s in json.load(open('$DIR/locked/org.state.json'))['sites'].items() if 'key' in s})")
    run 0 only_file locked
    version=$(value "d['version']")
    cp "$DIR/locked/org.state.json" "$DIR/state.good"
    cp "$DIR/locked/org.published" "$DIR/published.good"
    rm "$DIR/locked/org.state.json"
    check "a lost state is learnt again from what was published" run 0 only_file locked --refresh
    check "... with a warning" complains 'org.state.json: warning: is missing'
    check "... the version goes on" is "d['version']" $((version + 1))
    check "... the ids stay" [ "$ids" = "$(python3 -c "import json; print({n: s['id'] for n, s in json.load(open('$DIR/locked/org.state.json'))['sites'].items() if 'key' in s})")" ]
    cp "$DIR/state.before" "$DIR/locked/org.state.json"
    check "an old state too" run 0 only_file locked --refresh
    check "... with a warning" complains 'org.state.json: warning: is older'
    check "... the version goes on" is "d['version']" $((version + 2))
    cp "$DIR/published.good" "$DIR/locked/org.published"
    check "an old publication is told of" run 0 only_file locked
    check "... with a warning" complains 'org.published: warning: is version'
    check "... and the version goes on" is "d['version']" $((version + 3))
    printf 'X' | dd of="$DIR/locked/org.published" bs=1 seek=300 conv=notrunc status=none
    check "a damaged publication is refused" run 2 only_file locked
    cp "$DIR/published.good" "$DIR/locked/org.published"
    run 0 only_file locked
    printf '{' > "$DIR/locked/org.state.json"
    check "a damaged state is refused" run 2 only_file locked
    check "... with its line" complains 'org.state.json:1: '
    rm "$DIR/locked/org.state.json"
    run 0 only_file locked
}

# ---- k of n, rotation --------------------------------------------------------------------------

rotate() {
    autovpn org rotate-key "$DIR/$1/org.yaml" --key-file "$DIR/pass" "${@:2}"
}

k_of_n() {
    check "init with 2 of 3 root keys and 2 of 2 signing keys" init many --no-passphrase \
        --root-keys 3 --root-threshold 2 --signers 2
    cp "$DIR/locked/org.yaml" "$DIR/many/org.yaml"
    mkdir "$DIR/stick"
    mv "$DIR/many/keys/root-2" "$DIR/stick/"
    check "two root keys suffice" run 0 only_file many
    mv "$DIR/many/keys/root-3" "$DIR/stick/"
    check "unchanged, no root key is needed" run 0 only_file many --refresh
    REGISTRIES="$REGISTRIES
  - {host: 127.0.0.1, port: 9380, key: $(random_key)}"
    write_org many
    check "another registry needs two, one does not suffice" run 1 only_file many
    check "... says how many" complains '2 of 3 root keys are needed, 1 found'
    check "... which is found where --keys says" run 0 only_file many --keys "$DIR/many/keys" --keys "$DIR/stick"
    mv "$DIR/many/keys/signer-2" "$DIR/stick/"
    check "both signing keys are needed" run 1 only_file many --refresh
    check "a threshold above the keys is refused" run 2 autovpn org init "$DIR/x" --root-keys 2 --root-threshold 3
}

rotations() {
    check "rotate-key --psk" run 0 rotate locked --psk
    check "... not twice before it is published" run 1 rotate locked --psk
    check "check tells of the new epoch" org_check locked
    check "... " change None psk 'epoch 1 -> 2'
    check "publish" run 0 only_file locked
    check "the new keys are locked" are_locked "$DIR/locked/keys"
    check "rotate-key --root" run 0 rotate locked --root --root-keys 3 --root-threshold 2
    check "publish is signed by old and new" run 0 only_file locked
    check "... the charter's serial rises" is "d['version'] >> 48" 1
    check "... told" change None root-keys '2 of 3'
    mkdir "$DIR/old"
    mv "$DIR"/locked/keys/retired-* "$DIR/old/"
    check "rotate-key --signer, with the new root keys alone" run 0 rotate locked --signer --signers 2
    check "publish" run 0 only_file locked
    check "... the serial rises again" is "d['version'] >> 48" 2
    mv "$DIR"/locked/keys/retired-* "$DIR/old/"
    check "the retired keys are not missed" run 0 only_file locked --refresh
    cp "$DIR/old"/retired-*-signer-1 "$DIR/locked/keys/signer-1"
    check "a retired signing key signs nothing" run 1 only_file locked --refresh
    check "rotate-key: exactly one kind" run 2 rotate locked --psk --root
}

# ---- invites, revocation, log --------------------------------------------------------------------

invite() {
    autovpn invite "$DIR/$1/org.yaml" "$2" --key-file "$DIR/pass" "${@:3}"
}

invites() {
    base_org
    check "init" init small --no-passphrase
    write_org small
    run 0 only_file small
    check "invite a site that waits" run 0 invite small dc --only-file
    check "the token alone is on standard output" grep -Eqx 'AVPN[A-Z2-7]{100,}' "$DIR/out"
    check "its secret is not in the state" has_nowhere "$(cut -c60-90 "$DIR/out")" small
    check "no QR code without a terminal" not complains '█'
    check "invite again" run 0 invite small dc --only-file --qr
    check "... voids the one before" complains 'void'
    check "... with a QR code" complains '█▀'
    if command -v zbarimg > /dev/null; then
        check "the QR code says the token" qr_is_token
    else
        skip "the QR code says the token" "zbarimg is not installed"
    fi
    check "a site that has its key in the file is told to give it up" run 2 invite small head --only-file
    check "... at its line" complains 'org.yaml:6: sites.head.key: .*remove this line'
    check "an unknown site" run 2 invite small nowhere --only-file
    SITES=${SITES//    key: $K_HEAD
/}
    write_org small
    check "without the line the site keeps its key" run 0 only_file small
    check "... nothing changes" is "d['changes']" "[]"
    check "invite for a site that has a device" run 0 invite small head --only-file
    check "... says that it is replaced" complains 'replaces it'
}

qr_is_token() {
    python3 - "$DIR" << 'END'
import subprocess, sys
lines = [l.rstrip('\n') for l in open(sys.argv[1] + '/err') if set(l) & set('█▀▄')]
rows = []
for line in lines:
    rows.append([c in '█▀' for c in line])
    rows.append([c in '█▄' for c in line])
scale, width = 6, max(len(r) for r in rows)
with open(sys.argv[1] + '/qr.pgm', 'wb') as f:
    f.write(b'P5 %d %d 255\n' % (width * scale, len(rows) * scale))
    for r in rows:
        f.write(b''.join((b'\xff' if x else b'\x00') * scale for x in r + [True] * (width - len(r))) * scale)
found = subprocess.run(['zbarimg', '-q', '--raw', sys.argv[1] + '/qr.pgm'], capture_output=True, text=True).stdout
sys.exit(found.strip() != open(sys.argv[1] + '/out').read().strip())
END
}

revocation() {
    check "revoke" run 0 autovpn org revoke "$DIR/small/org.yaml" branch --only-file --json --key-file "$DIR/pass"
    check "... is published" change "'branch'" site revoked
    check "... and told to be written down" complains 'sites.branch: write revoked: true'
    check "revoke withdraws an invite" run 0 autovpn org revoke "$DIR/small/org.yaml" dc --only-file --key-file "$DIR/pass"
    check "... " not grep -q claim_key.*dc "$DIR/small/org.state.json"
    check "a revoked site is not invited" run 2 invite small dc --only-file
    check "revoke: an unknown site" run 2 autovpn org revoke "$DIR/small/org.yaml" nowhere --only-file
    SITES=${SITES/  branch:/  branch:
    revoked: false}
    write_org small
    check "revoked: false takes it back" run 0 only_file small
    check "... " change "'branch'" site 'taken back'
    check "log" run 0 autovpn org log "$DIR/small/org.yaml" --json
    check "... has every version, in order" \
        is "[e['version'] for e in d] == sorted({e['version'] for e in d}) and len(d) > 5" True
    check "... with what changed" is "any('branch: site: revoked' in e['changes'] for e in d)" True
    check "log in words" run 0 autovpn org log "$DIR/small/org.yaml"
    check "... " says 'branch: site: taken back'
    check "secrets are in keys/ and nowhere else" plain_publish
    check "a plain seed that is not of its public half is refused" swapped_seed
    check "two runs at once are one too many" locked_out
}

swapped_seed() {
    local keys=$DIR/plain/keys
    cp "$keys/signer-1" "$DIR/signer.good"
    sed -i "s|plain .*|plain $(random_key)|" "$keys/signer-1"
    run 1 autovpn org publish "$DIR/plain/org.yaml" --only-file --refresh --no-passphrase &&
        complains 'not that of the public half' || return
    cp "$DIR/signer.good" "$keys/signer-1"
    run 0 autovpn org publish "$DIR/plain/org.yaml" --only-file --refresh --no-passphrase
}

locked_out() {
    local status
    flock -x "$DIR/plain/org.yaml" sleep 20 &
    for ((i = 0; i < 50; i++)); do
        flock -n "$DIR/plain/org.yaml" true || break
        sleep 0.1
    done
    run 1 autovpn org publish "$DIR/plain/org.yaml" --only-file --refresh --no-passphrase
    status=$?
    kill $!
    [ $status = 0 ] && complains 'another autovpn'
}

plain_publish() {
    cp "$DIR/small/org.yaml" "$DIR/plain/org.yaml"
    run 0 autovpn org publish "$DIR/plain/org.yaml" --only-file --no-passphrase &&
        run 0 autovpn org rotate-key "$DIR/plain/org.yaml" --psk --no-passphrase &&
        run 0 autovpn org publish "$DIR/plain/org.yaml" --only-file --no-passphrase &&
        secrets_stay_in_keys plain
}

helps() {
    local words
    for words in "org init" "org check" "org show" "org publish" "org rotate-key" "org revoke" "org log" invite status explain; do
        # shellcheck disable=SC2086
        run 0 autovpn $words --help && says '^Usage: autovpn' || return 1
        # shellcheck disable=SC2086
        [ "$words" = status ] || [ "$words" = explain ] || run 2 autovpn $words --nonsense || return 1
    done
}

# ---- the policy, translations --------------------------------------------------------------------

# message FIELD PART: a finding there says it
message() {
    grep -F -- " $1: " "$DIR/err" | grep -qF -- "$2"
}

# told CHANGE: "SITE: FIELD: ..." or "FIELD: ...", or how it begins
told() {
    grep -qF -- "  $1" "$DIR/out"
}

# policy LINES...: the file is checked with them
policy() {
    POLICY=$(printf '%s\n' "$@")
    write_org policy
    autovpn org check "$DIR/policy/org.yaml" > "$DIR/out" 2> "$DIR/err"
}

# refuses FIELD PART LINES...: there is an error
refuses() {
    policy "${@:3}"
    [ $? = 2 ] && message "$1" "$2"
}

policy_org() {
    REGISTRIES="  - {host: 127.0.0.1, port: 9381, key: $(random_key)}"
    SITES="  hub-a:
    key: $(random_key)
    role: hub
    exports: [10.1.0.0/16, 10.7.0.0/16, 2001:db8:1::/48]
  hub-b:
    key: $(random_key)
    role: hub
    exports: [10.7.0.0/16]
  branch-a:
    key: $(random_key)
    role: spoke
    hubs: [{name: hub-a, default_route: true}]
    exports: [10.2.0.0/24, 10.2.1.0/24]
  branch-b:
    key: $(random_key)
    role: spoke
    hubs: [hub-b]
    exports: [10.3.0.0/24]
  shop:
    key: $(random_key)
    role: spoke
    hubs: [hub-b, hub-a]
    exports: [10.4.0.0/24, {subnet: 10.9.1.0/24, local: 192.168.1.0/24}]
    translate: [{local: 192.168.7.10, exported: 10.4.0.10}]"
    RULES=('firewall:'
        '  - {name: no-ssh, action: deny, protocol: tcp, from: branch-a, to: [branch-b, 10.1.0.7], ports: [22, 8000-8100]}'
        '  - {name: dns, action: allow, protocol: [tcp, udp], to: hub-a, ports: 53}'
        '  - {action: deny, protocol: icmpv6, to: hub-a}')
}

policies() {
    init policy --no-passphrase
    policy_org
    check "policy: a firewall, breakouts, translations and hubs without tunnels are valid" \
        policy 'hub_tunnels: false' "${RULES[@]}" 'breakout: [{to: 203.0.113.0/24, sites: branch-a}]'
    check "the diff: hub tunnels" told 'hub_tunnels: true -> false'
    check "... a rule by name and number, with lists written out" told \
        'firewall: rule 1 no-ssh added: deny tcp from 10.2.0.0/24 to 10.1.0.7/32 port 22, and 7 more'
    check "... of a site only what is of the protocol" told \
        'firewall: rule 3 added: deny icmpv6 from any to 2001:db8:1::/48'
    check "... a breakout, and whose" told 'breakout: new: any to 203.0.113.0/24, at branch-a'
    check "hubs without tunnels: who is cut off is told" message hub_tunnels \
        'leaves 1 pair of spokes without a way to each other'
    check "... a pair by name" message hub_tunnels 'branch-a and branch-b'
    check "one export at two hubs: who is asked by whom" message 'sites.hub-b.exports[0]' \
        'is exported by hub-a too (line 14), which is asked first, but here by branch-b and 1 more'
    check "a default route of IPv6 without an IPv6 subnet" message sites.branch-a 'exports no IPv6 subnet'
    check "publish" run 0 autovpn org publish "$DIR/policy/org.yaml" --only-file --no-passphrase --json
    check "publishing it again changes nothing" \
        run 0 autovpn org publish "$DIR/policy/org.yaml" --only-file --no-passphrase --json
    check "... " is "d['changes']" "[]"
    policy_diffs
    policy_warnings
    policy_errors
    translations
}

policy_diffs() {
    policy "${RULES[@]:0:2}" '  - {action: deny, protocol: icmpv6, to: hub-a}' \
        '  - {name: dns, action: allow, protocol: udp, to: hub-a, ports: 53}' '  - {name: new, action: deny, to: shop}'
    check "the diff: a rule that moved and changed" told \
        'firewall: rule 3 dns changed: allow tcp from any to 10.1.0.0/16 port 53, and 5 more -> allow udp from any to 10.1.0.0/16 port 53, and 2 more'
    check "... a new one" told 'firewall: rule 4 new added: deny any from any to 10.4.0.0/24'
    check "... one that stayed is not told" not says 'no-ssh|icmpv6'
    check "... a breakout that goes" told 'breakout: no more: any to 203.0.113.0/24'
    check "... hub tunnels again" told 'hub_tunnels: false -> true'
    policy "${RULES[@]:0:1}" "${RULES[2]}" "${RULES[1]}"
    check "the diff: two that changed places are one that moved" \
        told 'firewall: rule 2 no-ssh moved, it was rule 1: '
    check "... and only one" not says 'dns'
    check "... and one that is gone" told 'firewall: rule 3 removed: deny icmpv6'
}

policy_warnings() {
    policy "${RULES[@]}" '  - {name: late, action: allow, protocol: tcp, from: 10.2.0.7, to: branch-b, ports: 8005}' \
        '  - {name: wide, action: allow, protocol: tcp, from: 10.2.0.7, to: branch-b, ports: 8000-9000}' \
        '  - {name: dns, action: deny, from: 192.168.1.7, to: any}' \
        '  - {action: allow, protocol: tcp, from: 10.2.1.9, to: 10.1.0.7, ports: [53, 22]}' \
        'breakout: [{to: 10.1.9.0/24}, {to: 203.0.113.0/24, sites: [branch-b]}]'
    check "a rule behind one that covers it can never decide" message 'firewall[3]' \
        'can never decide: the rule at line 5 denies all of it before'
    check "... one that two others cover can neither" message 'firewall[6]' 'and others decide all of it'
    check "... one that is wider can" not complains 'firewall.4.'
    check "a name that is there twice" message 'firewall[5]' 'is the name of the rule at line 6 too'
    check "a local address in a rule: the exported one is meant" message 'firewall[5].from' 'is 10.9.1.7/32 meant?'
    check "a breakout of what a site exports" message 'breakout[0]' 'is exported by hub-a (line'
    check "a breakout of a site without an exit hub" message 'breakout[1]' 'has no exit hub'
    policy 'firewall: [{action: allow, from: shop, to: hub-a}]'
    check "a firewall that only allows keeps nobody out" message firewall 'denies nothing'
    SITES=${SITES//, default_route: true/}
    policy 'firewall: [{action: deny, from: 172.16.0.1}]' 'breakout: [{protocol: udp, ports: 53}]'
    check "a rule about what nobody exports" message 'firewall[0].from' 'is exported by no site'
    check "a breakout where nobody has an exit hub" message 'breakout[0]' 'does nothing'
    policy_org
}

policy_errors() {
    local rule='firewall: [{action: deny'
    check "errors: an unknown site" refuses 'firewall[0].from' 'no such site' "$rule, from: nowhere}]"
    check "... a subnet with host bits" refuses 'firewall[0].to[1]' '10.1.0.0/16 meant' "$rule, to: [any-site, 10.1.2.0/16]}]"
    check "... families that do not meet" refuses 'firewall[0]' 'matches nothing' "$rule, from: shop, to: '2001:db8::/32'}]"
    check "... ports without a protocol" refuses 'firewall[0].ports' 'ports are only of protocols' "$rule, ports: 22}]"
    check "... a range backwards" refuses 'firewall[0].ports[1]' 'a port from 1 to 65535' "$rule, protocol: tcp, ports: [22, 9-8]}]"
    check "... a protocol that is none" refuses 'firewall[0].protocol' 'should be tcp' "$rule, protocol: 256}]"
    check "... an empty field is not any" refuses 'firewall[0].from' 'is empty' "$rule, from: }]"
    check "... nor is an empty list" refuses 'firewall[0].protocol' 'is empty' "$rule, protocol: []}]"
    check "... any in a list" refuses 'firewall[0].to[0]' 'should stand alone' "$rule, to: [any, shop]}]"
    check "... an action" refuses 'firewall[0].action' 'allow or deny' 'firewall: [{action: drop}]'
    check "... a name" refuses 'firewall[0].name' '1 to 63 characters' "$rule, name: two words}]"
    check "... a field" refuses 'firewall[0].port' 'no such field here' "$rule, port: 22}]"
    check "... more rules than there can be, and how many" refuses firewall 'makes 3072 rules' \
        "$rule, protocol: tcp, from: [$(seq -s, -f '10.2.0.%g' 0 2 63)], to: [$(seq -s, -f '10.3.0.%g' 0 2 63)], ports: [1, 3, 5]}]"
    check "... a breakout of everything" refuses 'breakout[0]' 'should name what leaves' 'breakout: [{to: any}]'
    check "... a breakout of an unknown site" refuses 'breakout[0].sites[0]' 'no such site' 'breakout: [{to: 192.0.2.0/24, sites: [x]}]'
    check "... hub_tunnels" refuses hub_tunnels 'true or false' 'hub_tunnels: maybe'
}

# refuses_site FIELD PART FROM TO: with FROM in the sites replaced by TO
refuses_site() {
    local before=$SITES status
    SITES=${SITES/"$3"/"$4"}
    refuses "$1" "$2"
    status=$?
    SITES=$before
    return $status
}

translations() {
    local pair='local: 192.168.1.0/24' host='local: 192.168.7.10, exported: 10.4.0.10'
    check "translation: another length" refuses_site 'sites.shop.exports[1].local' 'is not as large' "$pair" 'local: 192.168.0.0/16'
    check "... another family" refuses_site 'sites.shop.exports[1].local' 'of another family' "$pair" 'local: 2001:db8:9::/48'
    check "... outside of the exports" refuses_site 'sites.shop.translate[0].exported' 'lies in none' "$host" 'local: 192.168.7.10, exported: 10.5.0.1'
    check "... the same local one twice" refuses_site 'sites.shop.translate[0].local' 'is translated twice' "$host" 'local: 192.168.1.0/24, exported: 10.4.0.0/24'
    check "... two for one address" refuses_site 'sites.shop.translate[0].local' 'as another one' "$host" 'local: 192.168.7.0/24, exported: 10.9.1.0/24'
    SITES=${SITES/"$pair"/local: 10.3.0.0/24}
    check "a local subnet that another site exports as it is" policy
    check "... is told" message 'sites.shop.exports[1].local' 'branch-b exports as they are (10.3.0.0/24'
    check "the diff: another translation" told \
        'shop: translate: new: 10.3.0.0/24 as 10.9.1.0/24; no more: 192.168.1.0/24 as 10.9.1.0/24'
    SITES=${SITES/local: 10.3.0.0\/24/local: 10.4.0.0/24}
    policy
    check "a local subnet that the site exports too" message 'sites.shop.exports[1].local' 'known to others as 10.9.1.0/24 alone'
}

# ---- a gateway's answers -------------------------------------------------------------------------

# fake_gateway ANSWERS: says what is in that file, a JSON object by command, at $DIR/gateway.sock; requests go to $DIR/request
fake_gateway() {
    rm -f "$DIR/gateway.sock"
    python3 - "$DIR" << END &
import json, os, socket, sys
answers = $1
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1] + '/gateway.sock')
s.listen(8)
while True:
    c, _ = s.accept()
    request = json.loads(c.makefile().readline())
    open(sys.argv[1] + '/request', 'w').write(json.dumps(request))
    c.sendall(json.dumps(answers.get(request['command'], {'error': 'no such command'})).encode() + b'\n')
    c.close()
END
    PIDS="$PIDS $!"
    FAKE=$!
    for ((i = 0; i < 50; i++)); do
        [ -S "$DIR/gateway.sock" ] && return
        sleep 0.1
    done
}

explain() {
    autovpn explain "$@" --socket "$DIR/gateway.sock"
}

asked() {
    python3 -c "import json; d = json.load(open('$DIR/request')); exit(not ($1))"
}

ROUTE="{'prefix': '10.3.0.0/16', 'hops': [{'member': 2, 'name': 'dc-1', 'state': 'held'}, {'member': 3, 'name': 'dc-2', 'state': 'used'}, {'member': 4, 'name': 'dc-3', 'state': 'down'}]}"

answers() {
    local null='None'
    fake_gateway "{
        'explain': {'verdict': 'tunnel', 'text': ['x'], 'rule': {'index': 2, 'name': 'web', 'action': 'allow'}, 'breakout': $null,
            'source': '10.9.1.5', 'destination': '10.3.0.9', 'translated': {'source': True, 'destination': False}, 'from': $null, 'route': $ROUTE,
            'next_hop': {'member': 3, 'name': 'dc-2'},
            'path': {'uplink': 0, 'remote_uplink': 1, 'contact': '203.0.113.7:51625', 'rtt_us': 12300},
            'suite': 'AES-256-GCM', 'mtu_bytes': 1396, 'conflicts': ['10.3.0.0/16 is exported by dc-1 and dc-2']},
        'routes': {'routes': [{'prefix': '10.3.0.0/16', 'state': 'active', 'via': 'dc-2', 'hops': ['dc-1', 'dc-2'], 'metric': 102, 'reason': 'dc-1 came back 4 s ago and is held'},
                {'prefix': '10.4.0.0/16', 'state': 'active', 'via': 'dc-1', 'hops': ['dc-1', 'dc-2'], 'metric': 101, 'reason': 'dc-1 is up'}],
            'unused': [{'prefix': '192.168.0.0/16', 'member': 7, 'name': 'shop', 'reason': 'this machine is attached to it', 'kind': 'local'}],
            'learned_not_allowed': [{'prefix': '172.16.0.0/12', 'reason': 'is in none of this site exports'}]},
        'rules': {'rules': [{'index': 0, 'name': 'no-ssh', 'action': 'deny', 'protocol': 6, 'source': '10.2.0.0/24', 'destination': $null,
            'source_ports': $null, 'destination_ports': '22', 'sent_packets': 5, 'received_packets': 7}], 'default': 'allow'},
        'peers': {'peers': [{'name': 'dc-1', 'role': 'hub', 'tunnel': 'up', 'mtu_bytes': 1396, 'paths': []}]}}"
    check "explain: what passes has exit status 0" run 0 explain 192.168.1.5 10.3.0.9 tcp 443 --source-port 5000
    check "... it is asked whole" asked "(d['source'], d['destination'], d['protocol'], d['source_port'], d['destination_port']) == ('192.168.1.5', '10.3.0.9', 6, 5000, 443)"
    check "... the verdict comes first" [ "$(head -1 "$DIR/out")" = "192.168.1.5 to 10.3.0.9, tcp port 443: goes through the tunnel to dc-2" ]
    check "... the rule" says 'firewall +rule 3 web: allow'
    check "... the translation" says 'from 10.9.1.5 to 10.3.0.9'
    check "... the route, and why others lost" says '1\. dc-1 +held: '
    check "... the path, suite and MTU" says 'uplink 0 to uplink 1 at 203.0.113.7:51625, rtt 12.3 ms'
    check "... " says 'MTU +1396 bytes'
    check "... conflicts" says 'conflict +10.3.0.0/16 is exported by'
    check "explain without protocol and port" run 0 explain 10.1.0.1 10.3.0.9
    check "... asks for none" asked "(d['protocol'], d['destination_port']) == (None, 0)"
    check "explain --json is the answer as it is" run 0 explain 10.1.0.1 10.3.0.9 --json
    check "... " is "d['next_hop']['name']" dc-2
    check "routes: metric, and why" run 0 autovpn routes --socket "$DIR/gateway.sock"
    check "... " says '10.3.0.0/16 +102 +active +dc-2 +dc-1 dc-2'
    check "... of what is not as preferred" says 'dc-1 came back 4 s ago'
    check "... of nothing else" not says 'dc-1 is up'
    check "... what is not used" says '192.168.0.0/16 +shop +this machine is attached'
    check "... what may not be exported" says '172.16.0.0/12 +is in none'
    check "rules: counters, and the rule in words" run 0 autovpn rules --socket "$DIR/gateway.sock"
    check "... " says '1 no-ssh +5 +7  deny tcp from 10.2.0.0/24 to any port 22'
    check "peers: the MTU" run 0 autovpn peers --socket "$DIR/gateway.sock"
    check "... " says 'dc-1 .* 1396 '
    kill $FAKE
    fake_gateway "{'explain': {'verdict': 'denied', 'rule': {'index': 0, 'name': 'no-ssh', 'action': 'deny'}}, 'routes': {'routes': [{'prefix': '10.3.0.0/16', 'state': 'standby', 'via': $null, 'hops': ['dc-1']}]}}"
    check "explain: what is denied has exit status 1" run 1 explain 10.2.0.1 10.3.0.9
    check "... and the rule is named" says 'is denied by rule 1 no-ssh'
    check "... and the firewall's line too" says 'firewall +rule 1 no-ssh: deny'
    check "routes of a gateway that tells no metric" run 0 autovpn routes --socket "$DIR/gateway.sock"
    check "a gateway that does not know a command is told as older" run 1 autovpn rules --socket "$DIR/gateway.sock"
    check "... " complains 'does not know "rules": it is older'
    kill $FAKE
    fake_gateway "{'explain': {'verdict': 'breakout', 'rule': $null, 'breakout': {'index': 0, 'destination': '203.0.113.0/24', 'protocol': 'udp', 'destination_ports': '53'}, 'route': {'prefix': '0.0.0.0/0', 'hops': [{'member': 2, 'name': 'dc-1', 'state': 'standby'}]}}}"
    check "explain: what breaks out passes" run 0 explain 10.2.0.1 203.0.113.9 udp 53
    check "... by which breakout" says 'breakout +udp to 203.0.113.0/24 port 53'
    check "... and never comes to the firewall" not says firewall
    kill $FAKE
    check "explain without an answer" run 2 explain 10.1.0.1 10.3.0.9
    check "explain: usage: an address" run 2 explain 10.1.0.256 10.3.0.9
    check "... " complains '10.1.0.256: should be an address'
    check "... two families" run 2 explain 10.1.0.1 ::1
    check "... a protocol" run 2 explain 10.1.0.1 10.3.0.9 http
    check "... a port of none" run 2 explain 10.1.0.1 10.3.0.9 icmp 7
    check "... a port" run 2 explain 10.1.0.1 10.3.0.9 tcp 65536
    check "... one address" run 2 explain 10.1.0.1
}

# ---- registries ---------------------------------------------------------------------------------

# start_registry NAME: on an address of its own
start_registry() {
    "$REGISTRY" --config "$DIR/$1.yaml" > "$DIR/$1.log" 2>&1 &
    PID[$1]=$!
    PIDS="$PIDS $!"
    for ((i = 0; i < 50; i++)); do
        [ -S "$DIR/$1.sock" ] && return
        sleep 0.1
    done
}

stop_registry() {
    kill "${PID[$1]}"
    wait "${PID[$1]}" 2> /dev/null
    rm -f "$DIR/$1.sock"
}

# make_registry NAME NUMBER
make_registry() {
    cat > "$DIR/$1.yaml" << END
listen: ["127.77.$NET.$2:9350"]
key: $DIR/$1.key
store: $DIR/$1.db
control: $DIR/$1.sock
organizations:
  - {id: $(cat "$DIR/net.id")}
END
    LINE[$1]="  - {host: 127.77.$NET.$2, port: 9350, key: $("$REGISTRY" --config "$DIR/$1.yaml" --show-key)}"
}

took() {
    is "{r['registry'].split('.')[3][0]: r['took'] for r in d['registries']}" "$1"
}

registries() {
    declare -A LINE PID
    NET=$((RANDOM % 250 + 1))
    base_org
    init net --no-passphrase
    make_registry r1 1
    make_registry r2 2
    make_registry r3 3
    start_registry r1
    start_registry r2
    REGISTRIES="${LINE[r1]}
${LINE[r2]}"
    write_org net
    check "the first publish reaches both registries" run 0 publish net --json
    check "... which took it" took "{'1': True, '2': True}"
    check "the same again" run 0 publish net --json
    check "... is in force there" took "{'1': True, '2': True}"
    check "... the same version" is "(d['version'], d['is_new'])" "(1, False)"
    stop_registry r2
    check "with one registry down the publish fails" run 1 publish net --refresh --json
    check "... says which took it" took "{'1': True, '2': False}"
    check "... and how to go on" complains 'the same command again'
    start_registry r2
    check "the same command again" run 0 publish net --json
    check "... brings the same version to the other" is "(d['version'], d['is_new'])" "(2, False)"
    check "... " took "{'1': True, '2': True}"
    run 0 autovpn org log "$DIR/net/org.yaml" --json
    check "the log knows the outcome of each" \
        is "sorted(r['outcome'] for r in d[-1]['registries'])" "['took it', 'took it']"
    old_state
    claims
    check "rotated signing keys" run 0 rotate net --signer
    check "... are published" run 0 publish net --json
    check "... and taken" took "{'1': True, '2': True}"
    check "rotated root keys, published at once" run 0 rotate net --root --publish --json
    check "... and taken" took "{'1': True, '2': True}"
    leaving
}

old_state() {
    cp "$DIR/net/org.state.json" "$DIR/net/org.published" "$DIR/"
    run 0 publish net --refresh
    run 0 publish net --refresh
    cp "$DIR/org.state.json" "$DIR/org.published" "$DIR/net/"
    check "an old state is told by the registries" run 1 publish net --refresh --json
    check "... with the version they serve" is "{r['served_version'] for r in d['registries']}" "{4}"
    check "... and what to do" complains 'serves version 4, and the newest one here is 3.*Restore'
    run 1 publish net --refresh
    check "beyond it all is well again" run 0 publish net --refresh
}

# Needs a device that joins.
claims() {
    if [ ! -x "$DEVICE" ]; then
        skip "a device claims its place" "the test device is not built"
        return
    fi
    check "invite" run 0 invite net dc
    cp "$DIR/out" "$DIR/token"
    check "a device claims its place" run 0 timeout 60 "$DEVICE" "$(cat "$DIR/token")" "$DIR/device1"
    cp "$DIR/out" "$DIR/device1.key"
    check "a second one is told that it is taken" run 3 timeout 60 "$DEVICE" "$(cat "$DIR/token")" "$DIR/device2"
    check "publish takes the device in" run 0 publish net --json
    check "... it is told" is "[(c['site'], c['key'], c['taken']) for c in d['claims']]" "[('dc', '$(cat "$DIR/device1.key")', True)]"
    check "... the site is a member" change "'dc'" site added
    check "... and its invite is closed" not grep -q claim_key "$DIR/net/org.state.json"
    check "a hub that has come is used" change "'branch'" hubs 'head -> dc, head'
    check "the device is a member now" run 4 timeout 60 "$DEVICE" "$(cat "$DIR/token")" "$DIR/device1"
}

leaving() {
    start_registry r3
    REGISTRIES="${LINE[r1]}
${LINE[r3]}"
    write_org net
    check "a registry that leaves gets the last publish" run 0 publish net --json
    check "... " took "{'1': True, '3': True, '2': True}"
    check "and no more" run 0 publish net --refresh --json
    check "... " took "{'1': True, '3': True}"
    REGISTRIES="${LINE[r1]}
${LINE[r3]/127.77.$NET.3/no-such-name.invalid}"
    write_org net
    check "a name that does not resolve is that registry's problem" run 1 publish net --json
    check "... " is "[r['outcome'] for r in d['registries'] if 'no-such' in r['registry']][0].startswith('its name has no address')" True
}

if [ ! -x "$ADMIN" ]; then
    echo "1..0 # SKIP autovpn is not built"
    exit 77
fi
DIR=$(mktemp -d /tmp/avadmin.XXXXXX)
PIDS=
trap finish EXIT
trap 'exit 1' INT TERM
keys_at_rest
check_and_diff
edits
wrong_passphrases
states
k_of_n
rotations
invites
revocation
policies
answers
check "every command has --help and refuses nonsense" helps
if [ -x "$REGISTRY" ]; then
    registries
else
    skip "publishing to registries" "autovpn-registry is not built"
fi
echo "1..$tests"
echo "# $failures of $tests failed, $SECONDS s"
[ $failures = 0 ]
