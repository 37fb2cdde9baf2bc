/* SPDX-License-Identifier: ISC */
/*
 * guard: see guard.h.
 *
 * A token bucket is one moment: until when its tokens are spent. Taking a token moves it one
 * interval on, from now at the earliest; it may run ahead of now by the burst and no further.
 */
#include "link/guard.h"

#include "base/map.h"
#include "crypto/hash.h"
#include "wire/message.h"

#include <assert.h>
#include <string.h>

#define SOURCE_INTERVAL (AVPN_SECOND / AVPNI_HANDSHAKES_PER_SOURCE)
#define SOURCE_SPAN (SOURCE_INTERVAL * AVPNI_HANDSHAKES_PER_SOURCE)

/* What avpni_mac1 derives anew for every message: half of what refusing junk would cost [MAC-1]. */
static void derive_mac1_key(const struct avpn_key *self, uint8_t key_out[32])
{
    static const char label[] = "autovpn mac1";
    const struct avpni_piece pieces[] = {{label, sizeof label - 1},
                                         {self->bytes, sizeof self->bytes}};

    avpni_hash(key_out, 32, NULL, 0, pieces, 2);
}

static bool is_mac1(const struct avpni_guard *guard, const uint8_t *message, size_t count)
{
    uint8_t mac1[AVPNI_MAC_BYTES];

    avpni_hash(mac1, sizeof mac1, guard->mac1_key, sizeof guard->mac1_key,
               &(struct avpni_piece){message, AVPNI_MAC1_OFFSET(count)}, 1);
    return avpni_is_equal(mac1, message + AVPNI_MAC1_OFFSET(count), sizeof mac1);
}

int32_t avpni_guard_init(struct avpni_guard *guard, const struct avpni_memory *memory,
                         const struct avpni_random *random, const struct avpn_key *self,
                         uint32_t handshakes_per_second, avpn_time now)
{
    struct avpni_guard fresh = {.memory = *memory, .random = *random, .self = *self};
    avpn_span rate =
        handshakes_per_second != 0 ? handshakes_per_second : AVPNI_HANDSHAKES_PER_SECOND;
    int32_t error = avpni_cookie_jar_init(&fresh.jar, random, now);

    if (error == AVPN_OK) {
        error = avpni_random_fill(random, fresh.hash_secret, sizeof fresh.hash_secret);
    }
    if (error == AVPN_OK) {
        fresh.sources = avpni_allocate(memory, AVPNI_GUARD_SOURCES, sizeof *fresh.sources);
        error = fresh.sources != NULL ? AVPN_OK : AVPN_ERROR_MEMORY;
    }
    if (error == AVPN_OK) {
        fresh.interval = rate < AVPN_SECOND ? AVPN_SECOND / rate : 1;
        fresh.span = fresh.interval * rate;
        derive_mac1_key(self, fresh.mac1_key);
        *guard = fresh;
    }
    avpni_wipe(&fresh, sizeof fresh);
    return error;
}

void avpni_guard_fini(struct avpni_guard *guard)
{
    avpni_release(&guard->memory, guard->sources);
    avpni_wipe(guard, sizeof *guard);
}

static bool take_token(avpn_time *spent_until, avpn_span interval, avpn_span span, avpn_time now)
{
    avpn_time from = *spent_until > now ? *spent_until : now;

    if (from - now > span - interval) {
        return false;
    }
    *spent_until = from + interval;
    return true;
}

/* The bucket of a source: IPv4 by address, IPv6 by /64 [MAC-4]. */
static avpn_time *bucket_of(struct avpni_guard *guard, const struct avpn_contact *source)
{
    uint8_t key[9] = {source->family};

    memcpy(key + 1, source->bytes, source->family == AVPN_FAMILY_IPV6 ? 8 : 4);
    return &guard->sources[avpni_siphash(guard->hash_secret, key, sizeof key) %
                           AVPNI_GUARD_SOURCES];
}

static enum avpni_guard_verdict
answer_cookie(struct avpni_guard *guard, const uint8_t *message, size_t count,
              const struct avpn_contact *source,
              uint8_t cookie_message_out[AVPNI_COOKIE_MESSAGE_BYTES])
{
    struct avpni_cookie_message reply = {.receiver = avpni_initiation_sender(message)};
    uint8_t cookie[AVPNI_COOKIE_BYTES];

    if (avpni_random_fill(&guard->random, reply.nonce, sizeof reply.nonce) != AVPN_OK) {
        return AVPNI_GUARD_DROP_LOAD;
    }
    avpni_cookie_jar_bake(&guard->jar, source, cookie);
    avpni_cookie_seal(reply.sealed, cookie, reply.nonce, message + AVPNI_MAC1_OFFSET(count),
                      &guard->self);
    avpni_cookie_write(cookie_message_out, &reply);
    avpni_wipe(cookie, sizeof cookie);
    return AVPNI_GUARD_COOKIE;
}

enum avpni_guard_verdict
avpni_guard_check(struct avpni_guard *guard, const uint8_t *message, size_t count,
                  const struct avpn_contact *source, avpn_time now,
                  uint8_t cookie_message_out[AVPNI_COOKIE_MESSAGE_BYTES])
{
    static const uint8_t none[AVPNI_MAC_BYTES];

    assert(count > 2 * AVPNI_MAC_BYTES);
    if (!is_mac1(guard, message, count)) {
        return AVPNI_GUARD_DROP_MAC1;
    }
    const uint8_t *mac2 = message + AVPNI_MAC2_OFFSET(count);
    bool has_mac2 = !avpni_is_equal(mac2, none, sizeof none);

    avpni_cookie_jar_rotate(&guard->jar, &guard->random, now);
    if (has_mac2 && !avpni_cookie_jar_verify(&guard->jar, source, message,
                                             AVPNI_MAC2_OFFSET(count), mac2)) {
        return answer_cookie(guard, message, count, source, cookie_message_out); /* [MAC-3] */
    }
    if (take_token(&guard->spent_until, guard->interval, guard->span, now)) {
        return AVPNI_GUARD_PASS;
    }
    if (!has_mac2) {
        return answer_cookie(guard, message, count, source, cookie_message_out); /* [MAC-4] */
    }
    return take_token(bucket_of(guard, source), SOURCE_INTERVAL, SOURCE_SPAN, now)
               ? AVPNI_GUARD_PASS
               : AVPNI_GUARD_DROP_LOAD;
}

size_t avpni_guard_footprint(const struct avpni_guard *guard)
{
    return guard->sources != NULL ? AVPNI_GUARD_SOURCES * sizeof *guard->sources : 0;
}
