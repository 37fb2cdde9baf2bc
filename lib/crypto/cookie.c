/* SPDX-License-Identifier: ISC */
/*
 * cookie: the MACs of [MAC-1] and [MAC-2], and the stateless cookie of [MAC-5]. A jar holds two
 * secrets, the current one and the one before; everything else is values in, values out.
 */
#include "crypto/cookie.h"

#include "base/memory.h"
#include "crypto/box.h"
#include "crypto/hash.h"
#include <string.h>

static const char MAC1_LABEL[] = "autovpn mac1";
static const char COOKIE_LABEL[] = "autovpn cookie";

/* BLAKE2b-256(label || public key): a key that everybody knows who knows whom to talk to. */
static void public_derived_key(uint8_t out[32], const char *label, const struct avpn_key *key)
{
    const struct avpni_piece pieces[] = {{label, strlen(label)}, {key->bytes, sizeof key->bytes}};

    avpni_hash(out, 32, NULL, 0, pieces, 2);
}

void avpni_mac1(uint8_t mac[16], const uint8_t *message, size_t count,
                const struct avpn_key *receiver)
{
    const struct avpni_piece piece = {message, count};
    uint8_t key[32];

    public_derived_key(key, MAC1_LABEL, receiver);
    avpni_hash(mac, AVPNI_MAC_BYTES, key, sizeof key, &piece, 1);
}

void avpni_mac2(uint8_t mac[16], const uint8_t *message, size_t count, const uint8_t cookie[16])
{
    const struct avpni_piece piece = {message, count};

    avpni_hash(mac, AVPNI_MAC_BYTES, cookie, AVPNI_COOKIE_BYTES, &piece, 1);
}

int32_t avpni_cookie_jar_init(struct avpni_cookie_jar *jar, const struct avpni_random *random,
                              avpn_time now)
{
    struct avpni_cookie_jar fresh = {.changed_at = now};

    if (avpni_random_fill(random, fresh.secret[0], sizeof fresh.secret[0]) != AVPN_OK) {
        return AVPN_ERROR_RANDOM;
    }
    *jar = fresh;
    avpni_wipe(&fresh, sizeof fresh);
    return AVPN_OK;
}

void avpni_cookie_jar_rotate(struct avpni_cookie_jar *jar, const struct avpni_random *random,
                             avpn_time now)
{
    avpn_span age = now - jar->changed_at;
    uint8_t secret[32];

    if (age < AVPNI_COOKIE_LIFE ||
        avpni_random_fill(random, secret, sizeof secret) != AVPN_OK) {
        return;
    }
    memcpy(jar->secret[1], jar->secret[0], sizeof secret);
    memcpy(jar->secret[0], secret, sizeof secret);
    avpni_wipe(secret, sizeof secret);
    /* After a long rest the old secret is past its second life too. */
    jar->has_previous = age < 2 * AVPNI_COOKIE_LIFE;
    jar->changed_at = now;
}

static void bake(const uint8_t secret[32], const struct avpn_contact *source, uint8_t cookie[16])
{
    const uint8_t port[2] = {(uint8_t)(source->port >> 8), (uint8_t)source->port};
    const struct avpni_piece pieces[] = {
        {&source->family, 1},
        {source->bytes, source->family == AVPN_FAMILY_IPV4 ? 4 : 16},
        {port, sizeof port},
    };

    avpni_hash(cookie, AVPNI_COOKIE_BYTES, secret, 32, pieces, 3);
}

void avpni_cookie_jar_bake(const struct avpni_cookie_jar *jar, const struct avpn_contact *source,
                           uint8_t cookie[16])
{
    bake(jar->secret[0], source, cookie);
}

static bool verify_under(const uint8_t secret[32], const struct avpn_contact *source,
                         const uint8_t *message, size_t count, const uint8_t mac2[16])
{
    uint8_t cookie[AVPNI_COOKIE_BYTES], expected[AVPNI_MAC_BYTES];

    bake(secret, source, cookie);
    avpni_mac2(expected, message, count, cookie);
    bool is_equal = avpni_is_equal(expected, mac2, sizeof expected);

    avpni_wipe(cookie, sizeof cookie);
    avpni_wipe(expected, sizeof expected);
    return is_equal;
}

bool avpni_cookie_jar_verify(const struct avpni_cookie_jar *jar, const struct avpn_contact *source,
                             const uint8_t *message, size_t count, const uint8_t mac2[16])
{
    return verify_under(jar->secret[0], source, message, count, mac2) ||
           (jar->has_previous && verify_under(jar->secret[1], source, message, count, mac2));
}

void avpni_cookie_seal(uint8_t out[32], const uint8_t cookie[16], const uint8_t nonce[24],
                       const uint8_t mac1[16], const struct avpn_key *responder)
{
    uint8_t key[32];

    public_derived_key(key, COOKIE_LABEL, responder);
    avpni_xaead_seal(out, cookie, AVPNI_COOKIE_BYTES, mac1, AVPNI_MAC_BYTES, nonce, key);
}

bool avpni_cookie_open(uint8_t cookie[16], const uint8_t sealed[32], const uint8_t nonce[24],
                       const uint8_t mac1[16], const struct avpn_key *responder)
{
    uint8_t key[32];

    public_derived_key(key, COOKIE_LABEL, responder);
    return avpni_xaead_open(cookie, sealed, AVPNI_COOKIE_BYTES + AVPNI_TAG_BYTES, mac1,
                            AVPNI_MAC_BYTES, nonce, key);
}
