/* SPDX-License-Identifier: ISC */
/*
 * noise: Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b, names and order of steps as in the Noise
 * specification, revision 34 (section numbers in comments are its own).
 *
 *     state          | write_1 | read_1  | write_2 | read_2 | split, hash
 *     NONE           |    -    |    -    |    -    |   -    |   -
 *     INITIATOR      | SENT_1  |    -    |    -    |   -    |   -
 *     SENT_1         |    -    |    -    |    -    | SENDER |   -
 *     RESPONDER      |    -    | GOT_1   |    -    |   -    |   -
 *     GOT_1          |    -    |    -    | ANSWERER|   -    |   -
 *     SENDER (done as initiator), ANSWERER (done as responder)  |   ok
 *
 * Every step works on a copy of the state and commits it last, so what fails changes nothing.
 *
 * The state lives in the caller's struct avpn_noise. It consists of bytes only, hence needs no
 * alignment and may be reached through a pointer to those bytes.
 */
#include "crypto/noise.h"

#include "base/memory.h"
#include "crypto/box.h"
#include "crypto/hash.h"
#include <string.h>

#define HASH_BYTES AVPN_NOISE_HASH_BYTES
#define BLOCK_BYTES 128
#define MESSAGE_LIMIT 65535 /* section 3 */

enum stage { NONE, INITIATOR, SENT_1, RESPONDER, GOT_1, SENDER, ANSWERER };

struct state {
    uint8_t stage;           /* enum stage */
    uint8_t h[HASH_BYTES];   /* transcript */
    uint8_t ck[HASH_BYTES];  /* chaining key */
    struct avpn_key k;       /* of the next EncryptAndHash; its nonce is always 0 */
    struct avpn_key_pair s;  /* own static pair */
    struct avpn_key e;       /* initiator: own ephemeral secret key, until message 2 */
    struct avpn_key rs;      /* the other's static key */
    struct avpn_key re;      /* responder: the initiator's ephemeral key */
    struct avpn_key ss;      /* initiator: DH(s, rs), computed at the start */
};

_Static_assert(sizeof(struct state) <= sizeof(struct avpn_noise), "public object too small");
_Static_assert(_Alignof(struct state) == 1, "state must be bytes only");

static const uint8_t protocol_name[HASH_BYTES] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b";

static void state_load(struct state *state, const struct avpn_noise *noise)
{
    memcpy(state, noise->opaque, sizeof *state);
}

static void state_commit(struct avpn_noise *noise, const struct state *state)
{
    memcpy(noise->opaque, state, sizeof *state);
    /* So that equal handshakes are equal byte for byte, whatever was in the caller's memory. */
    memset(noise->opaque + sizeof *state, 0, sizeof *noise - sizeof *state);
}

static void state_discard(struct state *state)
{
    avpni_wipe(state, sizeof *state);
}

/* ---- HMAC and HKDF over BLAKE2b: 4.3 --------------------------------------------------------- */

static void hmac(uint8_t out[HASH_BYTES], const uint8_t key[HASH_BYTES],
                 const struct avpni_piece *first, const struct avpni_piece *second)
{
    uint8_t pad[BLOCK_BYTES], inner[HASH_BYTES];
    const struct avpni_piece inside[] = {{pad, sizeof pad}, *first, *second};
    const struct avpni_piece outside[] = {{pad, sizeof pad}, {inner, sizeof inner}};

    memset(pad, 0x36, sizeof pad);
    for (size_t i = 0; i < HASH_BYTES; i++) {
        pad[i] ^= key[i];
    }
    avpni_hash(inner, sizeof inner, NULL, 0, inside, 3);
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }
    avpni_hash(out, HASH_BYTES, NULL, 0, outside, 2);
    avpni_wipe(pad, sizeof pad);
    avpni_wipe(inner, sizeof inner);
}

/* `count` (2 or 3) outputs of HASH_BYTES. `ck` and `out` may overlap. */
static void hkdf(uint8_t out[][HASH_BYTES], uint8_t count, const uint8_t ck[HASH_BYTES],
                 const struct avpn_key *input)
{
    const struct avpni_piece none = {NULL, 0};
    const struct avpni_piece material = {input, input != NULL ? sizeof *input : 0};
    uint8_t extracted[HASH_BYTES];

    hmac(extracted, ck, &material, &none);
    for (uint8_t i = 0; i < count; i++) {
        const uint8_t number = (uint8_t)(i + 1);
        const struct avpni_piece last = {&number, 1};

        if (i == 0) {
            hmac(out[i], extracted, &last, &none);
        } else {
            const struct avpni_piece before = {out[i - 1], HASH_BYTES};

            hmac(out[i], extracted, &before, &last);
        }
    }
    avpni_wipe(extracted, sizeof extracted);
}

/* ---- the symmetric state: 5.2 ---------------------------------------------------------------- */

static void hash_with(uint8_t out[HASH_BYTES], const uint8_t h[HASH_BYTES], const void *bytes,
                      size_t count)
{
    const struct avpni_piece pieces[] = {{h, HASH_BYTES}, {bytes, count}};

    avpni_hash(out, HASH_BYTES, NULL, 0, pieces, 2);
}

static void mix_hash(struct state *state, const void *bytes, size_t count)
{
    hash_with(state->h, state->h, bytes, count);
}

static void mix_key(struct state *state, const struct avpn_key *input)
{
    uint8_t out[2][HASH_BYTES];

    hkdf(out, 2, state->ck, input);
    memcpy(state->ck, out[0], HASH_BYTES);
    memcpy(state->k.bytes, out[1], sizeof state->k.bytes);
    avpni_wipe(out, sizeof out);
}

static void mix_key_and_hash(struct state *state, const struct avpn_key *psk)
{
    uint8_t out[3][HASH_BYTES];

    hkdf(out, 3, state->ck, psk);
    memcpy(state->ck, out[0], HASH_BYTES);
    mix_hash(state, out[1], HASH_BYTES);
    memcpy(state->k.bytes, out[2], sizeof state->k.bytes);
    avpni_wipe(out, sizeof out);
}

/*
 * In this pattern a new key comes before every encryption, so the nonce (4 zero bytes and a
 * little-endian counter, section 12.3) is always zero.
 */
static const uint8_t zero_nonce[12];

static void encrypt_and_hash(struct state *state, uint8_t *out, const uint8_t *plain, size_t count)
{
    avpni_aead_seal(out, plain, count, state->h, HASH_BYTES, zero_nonce, state->k.bytes);
    mix_hash(state, out, count + AVPNI_TAG_BYTES);
}

/* `count` includes the tag. The transcript takes the ciphertext, which opening may overwrite. */
static bool decrypt_and_hash(struct state *state, uint8_t *out, const uint8_t *sealed, size_t count)
{
    uint8_t next[HASH_BYTES];

    hash_with(next, state->h, sealed, count);
    if (!avpni_aead_open(out, sealed, count, state->h, HASH_BYTES, zero_nonce, state->k.bytes)) {
        return false;
    }
    memcpy(state->h, next, HASH_BYTES);
    return true;
}

static bool mix_dh(struct state *state, const struct avpn_key *secret_key,
                   const struct avpn_key *public_key)
{
    struct avpn_key shared;

    if (!avpni_dh(&shared, secret_key, public_key)) {
        return false; /* [KDF-2] */
    }
    mix_key(state, &shared);
    avpni_wipe(&shared, sizeof shared);
    return true;
}

/* The token "e" where a pre-shared key is in play: 9.2. */
static void mix_ephemeral(struct state *state, const uint8_t public_key[32])
{
    struct avpn_key key;

    memcpy(key.bytes, public_key, sizeof key.bytes);
    mix_hash(state, key.bytes, sizeof key.bytes);
    mix_key(state, &key);
}

/* ---- starting -------------------------------------------------------------------------------- */

/* `responder` is the static key both sides know beforehand: the pre-message of IK. */
static void start(struct state *state, enum stage stage, const struct avpn_key_pair *self,
                  const struct avpn_key *responder, const uint8_t *prologue, size_t prologue_bytes)
{
    memset(state, 0, sizeof *state);
    state->stage = (uint8_t)stage;
    state->s = *self;
    memcpy(state->h, protocol_name, HASH_BYTES); /* shorter than a hash: zero-padded, 5.2 */
    memcpy(state->ck, protocol_name, HASH_BYTES);
    mix_hash(state, prologue, prologue_bytes);
    mix_hash(state, responder->bytes, sizeof responder->bytes);
}

void avpni_noise_init_initiator_cached(struct avpn_noise *noise, const struct avpn_key_pair *self,
                                       const struct avpn_key *responder,
                                       const struct avpn_key *shared, const uint8_t *prologue,
                                       size_t prologue_bytes)
{
    struct state state;

    start(&state, INITIATOR, self, responder, prologue, prologue_bytes);
    state.rs = *responder;
    state.ss = *shared;
    state_commit(noise, &state);
    state_discard(&state);
}

int32_t avpn_noise_init_initiator(struct avpn_noise *noise, const struct avpn_key_pair *self,
                                  const struct avpn_key *responder, const uint8_t *prologue,
                                  size_t prologue_bytes)
{
    struct avpn_key shared;

    /* Message 1 needs this product anyway; made here, it also judges the responder's key. */
    if (!avpni_dh(&shared, &self->secret_key, responder)) {
        return AVPN_ERROR_ARGUMENT;
    }
    avpni_noise_init_initiator_cached(noise, self, responder, &shared, prologue, prologue_bytes);
    avpni_wipe(&shared, sizeof shared);
    return AVPN_OK;
}

int32_t avpn_noise_init_responder(struct avpn_noise *noise, const struct avpn_key_pair *self,
                                  const uint8_t *prologue, size_t prologue_bytes)
{
    struct state state;

    start(&state, RESPONDER, self, &self->public_key, prologue, prologue_bytes);
    state_commit(noise, &state);
    state_discard(&state);
    return AVPN_OK;
}

/* ---- message 1: e, es, s, ss ----------------------------------------------------------------- */

static int32_t write_1(struct state *state, const struct avpn_key_pair *e, const uint8_t *payload,
                       size_t payload_bytes, uint8_t *message_out)
{
    state->e = e->secret_key;
    mix_ephemeral(state, e->public_key.bytes);
    if (!mix_dh(state, &e->secret_key, &state->rs)) {
        return AVPN_ERROR_ARGUMENT;
    }
    memcpy(message_out, e->public_key.bytes, 32);
    encrypt_and_hash(state, message_out + 32, state->s.public_key.bytes, 32);
    mix_key(state, &state->ss);
    encrypt_and_hash(state, message_out + 80, payload, payload_bytes);
    state->stage = SENT_1;
    return AVPN_OK;
}

/* What both writers share: judge the arguments, derive the ephemeral public key. */
static int32_t prepare_write(const struct state *state, enum stage stage,
                             const struct avpn_key *ephemeral, size_t message_bytes,
                             struct avpn_key_pair *pair_out)
{
    if (state->stage != stage) {
        return AVPN_ERROR_STATE;
    }
    if (message_bytes > MESSAGE_LIMIT) {
        return AVPN_ERROR_LIMIT;
    }
    return avpn_key_pair_from_secret(ephemeral, pair_out);
}

int32_t avpn_noise_write_1(struct avpn_noise *noise, const struct avpn_key *ephemeral,
                           const uint8_t *payload, size_t payload_bytes, uint8_t *message_out)
{
    struct state state;
    struct avpn_key_pair e;

    state_load(&state, noise);
    int32_t result = payload_bytes > MESSAGE_LIMIT
                         ? AVPN_ERROR_LIMIT
                         : prepare_write(&state, INITIATOR, ephemeral,
                                         payload_bytes + AVPN_NOISE_1_OVERHEAD, &e);

    if (result == AVPN_OK) {
        result = write_1(&state, &e, payload, payload_bytes, message_out);
        avpni_wipe(&e, sizeof e);
    }
    if (result == AVPN_OK) {
        state_commit(noise, &state);
    }
    state_discard(&state);
    return result;
}

static bool read_1(struct state *state, const uint8_t *message, size_t message_bytes,
                   uint8_t *payload_out)
{
    memcpy(state->re.bytes, message, 32);
    mix_ephemeral(state, message);
    return mix_dh(state, &state->s.secret_key, &state->re) &&
           decrypt_and_hash(state, state->rs.bytes, message + 32, 48) &&
           mix_dh(state, &state->s.secret_key, &state->rs) &&
           decrypt_and_hash(state, payload_out, message + 80, message_bytes - 80);
}

int32_t avpn_noise_read_1(struct avpn_noise *noise, const uint8_t *message, size_t message_bytes,
                          struct avpn_key *initiator_out, uint8_t *payload_out)
{
    struct state state;
    int32_t result = AVPN_ERROR_AUTH;

    state_load(&state, noise);
    if (state.stage != RESPONDER) {
        result = AVPN_ERROR_STATE;
    } else if (message_bytes < AVPN_NOISE_1_OVERHEAD || message_bytes > MESSAGE_LIMIT) {
        result = AVPN_ERROR_FORMAT;
    } else if (read_1(&state, message, message_bytes, payload_out)) {
        *initiator_out = state.rs;
        state.stage = GOT_1;
        state_commit(noise, &state);
        result = AVPN_OK;
    }
    state_discard(&state);
    return result;
}

/* ---- message 2: e, ee, se, psk --------------------------------------------------------------- */

static int32_t write_2(struct state *state, const struct avpn_key_pair *e,
                       const struct avpn_key *psk, const uint8_t *payload, size_t payload_bytes,
                       uint8_t *message_out)
{
    mix_ephemeral(state, e->public_key.bytes);
    if (!mix_dh(state, &e->secret_key, &state->re) || !mix_dh(state, &e->secret_key, &state->rs)) {
        return AVPN_ERROR_ARGUMENT;
    }
    mix_key_and_hash(state, psk);
    memcpy(message_out, e->public_key.bytes, 32);
    encrypt_and_hash(state, message_out + 32, payload, payload_bytes);
    return AVPN_OK;
}

/* Everything but what split and hash need is gone once both messages are done. */
static void finish(struct state *state, enum stage stage)
{
    struct state done;

    memset(&done, 0, sizeof done);
    done.stage = (uint8_t)stage;
    memcpy(done.h, state->h, sizeof done.h);
    memcpy(done.ck, state->ck, sizeof done.ck);
    *state = done;
    state_discard(&done);
}

int32_t avpn_noise_write_2(struct avpn_noise *noise, const struct avpn_key *ephemeral,
                           const struct avpn_key *psk, const uint8_t *payload,
                           size_t payload_bytes, uint8_t *message_out)
{
    struct state state;
    struct avpn_key_pair e;

    state_load(&state, noise);
    int32_t result = payload_bytes > MESSAGE_LIMIT
                         ? AVPN_ERROR_LIMIT
                         : prepare_write(&state, GOT_1, ephemeral,
                                         payload_bytes + AVPN_NOISE_2_OVERHEAD, &e);

    if (result == AVPN_OK) {
        result = write_2(&state, &e, psk, payload, payload_bytes, message_out);
        avpni_wipe(&e, sizeof e);
    }
    if (result == AVPN_OK) {
        finish(&state, ANSWERER);
        state_commit(noise, &state);
    }
    state_discard(&state);
    return result;
}

static bool read_2(struct state *state, const struct avpn_key *psk, const uint8_t *message,
                   size_t message_bytes, uint8_t *payload_out)
{
    memcpy(state->re.bytes, message, 32);
    mix_ephemeral(state, message);
    if (!mix_dh(state, &state->e, &state->re) || !mix_dh(state, &state->s.secret_key, &state->re)) {
        return false;
    }
    mix_key_and_hash(state, psk);
    return decrypt_and_hash(state, payload_out, message + 32, message_bytes - 32);
}

int32_t avpn_noise_read_2(struct avpn_noise *noise, const struct avpn_key *psk,
                          const uint8_t *message, size_t message_bytes, uint8_t *payload_out)
{
    struct state state;
    int32_t result = AVPN_ERROR_AUTH;

    state_load(&state, noise);
    if (state.stage != SENT_1) {
        result = AVPN_ERROR_STATE;
    } else if (message_bytes < AVPN_NOISE_2_OVERHEAD || message_bytes > MESSAGE_LIMIT) {
        result = AVPN_ERROR_FORMAT;
    } else if (read_2(&state, psk, message, message_bytes, payload_out)) {
        finish(&state, SENDER);
        state_commit(noise, &state);
        result = AVPN_OK;
    }
    state_discard(&state);
    return result;
}

/* ---- after the handshake --------------------------------------------------------------------- */

static bool is_done(const struct state *state)
{
    return state->stage == SENDER || state->stage == ANSWERER;
}

int32_t avpn_noise_split(const struct avpn_noise *noise, struct avpn_key *send_out,
                         struct avpn_key *receive_out)
{
    struct state state;
    uint8_t out[2][HASH_BYTES];

    state_load(&state, noise);
    if (!is_done(&state)) {
        state_discard(&state);
        return AVPN_ERROR_STATE;
    }
    /* The first key is for what the initiator sends. */
    bool is_initiator = state.stage == SENDER;

    hkdf(out, 2, state.ck, NULL);
    memcpy((is_initiator ? send_out : receive_out)->bytes, out[0], 32);
    memcpy((is_initiator ? receive_out : send_out)->bytes, out[1], 32);
    avpni_wipe(out, sizeof out);
    state_discard(&state);
    return AVPN_OK;
}

int32_t avpn_noise_hash(const struct avpn_noise *noise, uint8_t hash_out[AVPN_NOISE_HASH_BYTES])
{
    struct state state;

    state_load(&state, noise);
    bool is_ready = is_done(&state);

    if (is_ready) {
        memcpy(hash_out, state.h, HASH_BYTES);
    }
    state_discard(&state);
    return is_ready ? AVPN_OK : AVPN_ERROR_STATE;
}

void avpn_noise_wipe(struct avpn_noise *noise)
{
    avpni_wipe(noise, sizeof *noise);
}
