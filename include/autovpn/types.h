/* SPDX-License-Identifier: ISC */
/**
 * @defgroup values Values: time, addresses, keys, errors
 * types: the words every other header uses.
 *
 * Time, addresses, keys, errors. Nothing here allocates or has state, so
 * there is no life cycle and any thread may call any of it.
 *
 *     struct avpn_contact c;
 *     if (avpn_contact_parse("203.0.113.7:40001", &c) == AVPN_OK) {
 *         char text[AVPN_CONTACT_TEXT];
 *         avpn_contact_format(&c, text, sizeof text);
 *     }
 *
 * Structs that grow. A struct whose first member is `uint32_t size` may get more fields at its end in later versions;
 * every other struct is fixed for ever. Before a call set `size` to sizeof the struct, whether it is read
 * or filled in:
 *
 *     struct avpn_peer_status status = {.size = sizeof status};      // and all else zero
 *
 *   - One that is read: fields beyond `size` are zero, which always means the default. A struct larger than the library's is
 *     taken if all that the library does not know of is zero; else the caller asks for something that it cannot do.
 *   - One that is filled in: at most `size` bytes are written, fields that the library does not know become zero, and
 *     `size` becomes the number of bytes that it filled in. On error nothing is written.
 *   - One that is given to a callback: `size` is the library's. Look at it before reading a field newer than 0.1.
 *
 * AVPN_ERROR_ARGUMENT: `size` is below that of version 0.1 or above AVPN_SIZE_LIMIT, or the above. Fields named `reserved` have no
 * meaning; set them to zero.
 *
 * @{
 */
#ifndef AUTOVPN_TYPES_H
#define AUTOVPN_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Marks what the shared library exports. */
#if defined(AVPN_BUILDING) && defined(__GNUC__)
#define AVPN_API __attribute__((visibility("default")))
#else
#define AVPN_API
#endif

/* ---- time ------------------------------------------------------------- */

/** A moment: nanoseconds of the host's monotonic clock, from any origin >= 0. */
typedef int64_t avpn_time;
/** A difference of moments, in nanoseconds. */
typedef int64_t avpn_span;

#define AVPN_TIME_NEVER INT64_MAX                /**< later than every moment */
#define AVPN_MICROSECOND ((avpn_span)1000)       /**< as a span */
#define AVPN_MILLISECOND ((avpn_span)1000000)    /**< as a span */
#define AVPN_SECOND ((avpn_span)1000000000)      /**< as a span */

/** No struct that grows becomes larger. */
#define AVPN_SIZE_LIMIT 65536

/* ---- errors: about the caller, always negative --------------------------- */

/** What a call returns: AVPN_OK, or why it did nothing. */
enum avpn_error {
    AVPN_OK = 0,               /**< done */
    AVPN_ERROR_ARGUMENT = -1,  /**< a parameter is outside its contract: fix the call */
    AVPN_ERROR_MEMORY = -2,    /**< the allocator returned NULL: nothing changed, try later */
    AVPN_ERROR_STATE = -3,     /**< not now: the call does not fit the object's state */
    AVPN_ERROR_LIMIT = -4,     /**< a documented limit would be passed: nothing changed */
    AVPN_ERROR_FORMAT = -5,    /**< bytes or text are not in canonical form */
    AVPN_ERROR_AUTH = -6,      /**< a signature, tag or key does not verify */
    AVPN_ERROR_VERSION = -7,   /**< older than what is held: refused */
    AVPN_ERROR_EXPIRED = -8,   /**< validity has ended by the wall clock */
    AVPN_ERROR_NOT_FOUND = -9, /**< no such member, peer, route ...  */
    AVPN_ERROR_EMPTY = -10,    /**< nothing more to return */
    AVPN_ERROR_SPACE = -11,    /**< the output buffer is too small; the needed size is reported */
    AVPN_ERROR_RANDOM = -12,   /**< the randomness seam failed: nothing changed */
    AVPN_ERROR_EXHAUSTED = -13 /**< a key's packet limit is reached: rekey first */
};

/** The name of an error ("AVPN_ERROR_LIMIT"), or "unknown". Static text, never NULL. */
AVPN_API const char *avpn_error_name(int32_t error);

/* ---- addresses -------------------------------------------------------- */

/** Which IP an address is of. */
enum avpn_family {
    AVPN_FAMILY_NONE = 0, /**< no address */
    AVPN_FAMILY_IPV4 = 4, /**< 4 bytes */
    AVPN_FAMILY_IPV6 = 6  /**< 16 bytes */
};

/** An IP address. IPv4 uses bytes[0..3], the rest is zero. Family NONE: no address. */
struct avpn_address {
    uint8_t family; /**< enum avpn_family */
    uint8_t reserved[3];
    uint8_t bytes[16]; /**< network byte order */
};

/** A contact: the IP address and UDP port at which one uplink can be reached. */
struct avpn_contact {
    uint8_t family; /**< enum avpn_family; NONE: no contact */
    uint8_t reserved;
    uint16_t port;     /**< host byte order */
    uint8_t bytes[16]; /**< network byte order */
};

/** A subnet. Bits after `length` are zero in the canonical form. */
struct avpn_prefix {
    uint8_t family; /**< enum avpn_family */
    uint8_t length; /**< 0..32 or 0..128 */
    uint8_t reserved[2];
    uint8_t bytes[16]; /**< network byte order */
};

#define AVPN_ADDRESS_TEXT 46 /**< buffer size that fits any address, with NUL */
#define AVPN_CONTACT_TEXT 56 /**< "[v6]:65535" with NUL */
#define AVPN_PREFIX_TEXT 50  /**< "v6/128" with NUL */

/**
 * Text to value. `text` is borrowed until return. IPv4 as dotted quad, IPv6
 * after RFC 4291, contacts as "192.0.2.1:40000" or "[2001:db8::1]:40000",
 * prefixes as "10.1.0.0/16".
 * AVPN_ERROR_FORMAT: not such a text; a prefix with bits set beyond its
 * length is refused too, for it usually means a mistyped one. *out is then unchanged.
 */
AVPN_API int32_t avpn_address_parse(const char *text, struct avpn_address *address_out);
/** As avpn_address_parse, for a contact. */
AVPN_API int32_t avpn_contact_parse(const char *text, struct avpn_contact *contact_out);
/** As avpn_address_parse, for a prefix. */
AVPN_API int32_t avpn_prefix_parse(const char *text, struct avpn_prefix *prefix_out);

/**
 * Value to text, always NUL-terminated, IPv6 after RFC 5952; "none" for family NONE.
 * AVPN_ERROR_SPACE: `capacity` is below the AVPN_*_TEXT size; nothing is written.
 */
AVPN_API int32_t avpn_address_format(const struct avpn_address *address, char *text_out,
                                     size_t capacity);
/** As avpn_address_format, for a contact. */
AVPN_API int32_t avpn_contact_format(const struct avpn_contact *contact, char *text_out,
                                     size_t capacity);
/** As avpn_address_format, for a prefix. */
AVPN_API int32_t avpn_prefix_format(const struct avpn_prefix *prefix, char *text_out,
                                    size_t capacity);

/* ---- keys ------------------------------------------------------------- */

#define AVPN_KEY_BYTES 32 /**< of every key */
#define AVPN_KEY_TEXT 45  /**< base64 with padding and NUL */

/** A 32-byte X25519 or Ed25519 key, as its published encoding. */
struct avpn_key {
    uint8_t bytes[AVPN_KEY_BYTES]; /**< as RFC 7748 and RFC 8032 encode it */
};

/** Standard base64 with padding (44 characters). Errors as avpn_address_parse. */
AVPN_API int32_t avpn_key_parse(const char *text, struct avpn_key *key_out);
/** To the same text. AVPN_ERROR_SPACE: `capacity` is below AVPN_KEY_TEXT. */
AVPN_API int32_t avpn_key_format(const struct avpn_key *key, char *text_out, size_t capacity);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
