/* SPDX-License-Identifier: ISC */
/*
 * message: the control messages as structs, and between bytes and structs.
 *
 * No state, no keys, no time. Reading fills a struct or says the bytes are not
 * canonical; writing cannot fail when the buffer has the message's size. Encrypted parts are
 * views into the datagram; their plain forms have own read and write functions.
 * Spec: doc/protocol.md sections 1 to 5.
 */
#ifndef AVPNI_WIRE_MESSAGE_H
#define AVPNI_WIRE_MESSAGE_H

#include "base/cursor.h"
#include "wire/limits.h"
#include <autovpn/types.h>
#include <stdbool.h>

/* ---- demultiplexing [DMX-1] ------------------------------------------------------- */

enum avpni_kind {
    AVPNI_KIND_BAD = 0, /* [DMX-2] */
    AVPNI_KIND_INITIATION = 1,
    AVPNI_KIND_RESPONSE = 2,
    AVPNI_KIND_COOKIE = 3,
    AVPNI_KIND_SESSION = 4,
    AVPNI_KIND_PROBE = 5,
    AVPNI_KIND_CONFIRMATION = 6,
    AVPNI_KIND_KEEPALIVE, /* the single byte 0xFF */
    AVPNI_KIND_ESP
};

/* What a datagram is. Checks header and length rules, nothing else. */
enum avpni_kind avpni_message_kind(const uint8_t *bytes, size_t count);
/* First 4 bytes of an ESP packet. */
uint32_t avpni_esp_spi(const uint8_t *bytes);

/* ---- handshake ---------------------------------------------------------------------- */

/* Offsets are the struct: bytes are written straight into the datagram. */
#define AVPNI_INITIATION_NOISE 12 /* where Noise message 1 begins */
#define AVPNI_RESPONSE_NOISE 16   /* where Noise message 2 begins */

/* mac1 and mac2 are the last 32 bytes of an initiation: their offset from its size. */
#define AVPNI_MAC1_OFFSET(count) ((count) - 32)
#define AVPNI_MAC2_OFFSET(count) ((count) - 16)

void avpni_initiation_write_head(uint8_t *bytes, uint32_t sender);
uint32_t avpni_initiation_sender(const uint8_t *bytes);
void avpni_response_write_head(uint8_t *bytes, uint32_t sender, uint32_t receiver);
uint32_t avpni_response_sender(const uint8_t *bytes);
uint32_t avpni_response_receiver(const uint8_t *bytes);

struct avpni_cookie_message {
    uint32_t receiver;
    uint8_t nonce[24];
    uint8_t sealed[32];
};
void avpni_cookie_write(uint8_t bytes[AVPNI_COOKIE_MESSAGE_BYTES],
                        const struct avpni_cookie_message *message);
void avpni_cookie_read(const uint8_t bytes[AVPNI_COOKIE_MESSAGE_BYTES],
                       struct avpni_cookie_message *message_out);

#define AVPNI_CONFIRM_TAG_BYTES 16
struct avpni_confirmation {
    uint32_t receiver;
    uint8_t tag[AVPNI_CONFIRM_TAG_BYTES];
};
void avpni_confirmation_write(uint8_t bytes[AVPNI_CONFIRMATION_BYTES],
                              const struct avpni_confirmation *message);
void avpni_confirmation_read(const uint8_t bytes[AVPNI_CONFIRMATION_BYTES],
                             struct avpni_confirmation *message_out);

struct avpni_register_request {
    uint8_t uplink;
    uint8_t nat;
    struct avpn_key organization;
    uint64_t config_version;
    struct avpn_contact local;
};
void avpni_register_request_write(uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES],
                                  const struct avpni_register_request *request);
bool avpni_register_request_read(const uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES],
                                 struct avpni_register_request *request_out);

struct avpni_register_response {
    uint32_t slot;
    uint64_t generation;
    uint8_t key[32];
    uint8_t token[16];
    struct avpn_contact observed;
    uint64_t config_version;
    uint32_t contacts_version;
    uint16_t keepalive_seconds;
};
void avpni_register_response_write(uint8_t bytes[AVPNI_REGISTER_RESPONSE_BYTES],
                                   const struct avpni_register_response *response);
bool avpni_register_response_read(const uint8_t bytes[AVPNI_REGISTER_RESPONSE_BYTES],
                                  struct avpni_register_response *response_out);

/* Claim, the other request to a registry, and its answer [JOIN-2]. */
struct avpni_claim_request {
    struct avpn_key organization;
    uint32_t member;
    uint8_t signature[64];
};
void avpni_claim_request_write(uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES],
                               const struct avpni_claim_request *request);
bool avpni_claim_request_read(const uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES],
                              struct avpni_claim_request *request_out);

enum avpni_claim_status {
    AVPNI_CLAIM_PENDING = 1,
    AVPNI_CLAIM_TAKEN = 2,
    AVPNI_CLAIM_EXPIRED = 3,
    AVPNI_CLAIM_MEMBER = 4
};
struct avpni_claim_response {
    uint8_t status; /* enum avpni_claim_status */
    uint64_t config_version;
};
void avpni_claim_response_write(uint8_t bytes[AVPNI_REGISTER_RESPONSE_BYTES],
                                const struct avpni_claim_response *response);
bool avpni_claim_response_read(const uint8_t bytes[AVPNI_REGISTER_RESPONSE_BYTES],
                               struct avpni_claim_response *response_out);

/* Administration, the third request; answered by a Register Response [PUB-1]. */
#define AVPNI_SIGNER_NONE 255
struct avpni_admin_request {
    struct avpn_key organization;
    uint8_t signer; /* number of the signing key, or AVPNI_SIGNER_NONE: then the signature is zero */
    uint8_t signature[64];
};
void avpni_admin_request_write(uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES],
                               const struct avpni_admin_request *request);
bool avpni_admin_request_read(const uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES],
                              struct avpni_admin_request *request_out);

/* What the administration signature is over; returns AVPNI_ADMIN_TEXT_BYTES. */
#define AVPNI_ADMIN_TEXT_BYTES (24 + 3 * AVPN_KEY_BYTES)
size_t avpni_admin_text(uint8_t text_out[AVPNI_ADMIN_TEXT_BYTES], const struct avpn_key *registry,
                        const struct avpn_key *administrator,
                        const struct avpn_key *organization);

/* Which of the three it is, by its first byte; BAD: none. The readers above check the rest. */
enum avpni_request_kind {
    AVPNI_REQUEST_BAD = 0,
    AVPNI_REQUEST_REGISTER = 1,
    AVPNI_REQUEST_CLAIM = 2,
    AVPNI_REQUEST_ADMIN = 3
};
enum avpni_request_kind avpni_request_kind(const uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES]);

struct avpni_node_request {
    uint64_t ticket;
    uint32_t psk_epoch;
    uint8_t suites[4];
    uint64_t config_version;
};
void avpni_node_request_write(uint8_t bytes[AVPNI_NODE_REQUEST_BYTES],
                              const struct avpni_node_request *request);
/* False: unknown suite numbers are fine, a zero before a non-zero one or no suite at all is not. */
bool avpni_node_request_read(const uint8_t bytes[AVPNI_NODE_REQUEST_BYTES],
                             struct avpni_node_request *request_out);

struct avpni_node_response {
    uint8_t suite;
    uint32_t index; /* the sender index of the header, here authenticated [HS-3] */
};
void avpni_node_response_write(uint8_t bytes[AVPNI_NODE_RESPONSE_BYTES],
                               const struct avpni_node_response *response);
bool avpni_node_response_read(const uint8_t bytes[AVPNI_NODE_RESPONSE_BYTES],
                              struct avpni_node_response *response_out);

/* ---- registry session ------------------------------------------------------------------ */

#define AVPNI_SESSION_BODY 28 /* where the sealed body begins; everything before is additional data */

struct avpni_session_head {
    uint32_t slot;
    uint64_t generation;
    uint64_t counter;
};
void avpni_session_head_write(uint8_t *bytes, const struct avpni_session_head *head);
void avpni_session_head_read(const uint8_t *bytes, struct avpni_session_head *head_out);
/* The 12-byte nonce of [REG-1]. */
enum avpni_direction { AVPNI_TO_REGISTRY = 1, AVPNI_TO_NODE = 2 };
void avpni_session_nonce(uint8_t nonce[12], enum avpni_direction direction, uint64_t counter);

enum avpni_body {
    AVPNI_BODY_BAD = 0,
    AVPNI_BODY_ALIVE = 1, /* Keepalive */
    AVPNI_BODY_FETCH = 2,
    AVPNI_BODY_SYNC = 3,
    AVPNI_BODY_OFFER = 4, /* administrator to registry, as are LIST and, in that session, PART */
    AVPNI_BODY_LIST = 5,
    AVPNI_BODY_ACK = 129,
    AVPNI_BODY_CHALLENGE = 130,
    AVPNI_BODY_PAGE = 131,
    AVPNI_BODY_CHANGE = 132,
    AVPNI_BODY_PART = 133,
    AVPNI_BODY_WANT = 134,
    AVPNI_BODY_CLAIMS = 135
};
/* By its first byte; BAD also when the length does not fit the kind. */
enum avpni_body avpni_body_kind(const uint8_t *body, size_t count);

#define AVPNI_ALIVE_LEAVING 1u

struct avpni_alive {
    uint8_t nat;
    uint8_t flags;
    uint8_t token[16]; /* zero: none */
    uint64_t config_version;
    uint32_t contacts_version;
    struct avpn_contact local;
};
void avpni_alive_write(uint8_t body[AVPNI_REQUEST_BODY_BYTES], const struct avpni_alive *alive);
bool avpni_alive_read(const uint8_t body[AVPNI_REQUEST_BODY_BYTES], struct avpni_alive *alive_out);

struct avpni_fetch {
    uint8_t token[16];
    uint32_t first;
};
void avpni_fetch_write(uint8_t body[AVPNI_REQUEST_BODY_BYTES], const struct avpni_fetch *fetch);
bool avpni_fetch_read(const uint8_t body[AVPNI_REQUEST_BODY_BYTES], struct avpni_fetch *fetch_out);

/* The token of any request body stands at the same place [REG-4]. */
#define AVPNI_BODY_TOKEN 4

struct avpni_sync {
    uint8_t token[16];
    uint64_t base, version;
    uint32_t first; /* number of a part */
    uint32_t mask;  /* bit i: part first + i; not 0 */
};
void avpni_sync_write(uint8_t body[AVPNI_REQUEST_BODY_BYTES], const struct avpni_sync *sync);
bool avpni_sync_read(const uint8_t body[AVPNI_REQUEST_BODY_BYTES], struct avpni_sync *sync_out);

struct avpni_offer {
    uint8_t token[16];
    uint64_t version;
    uint32_t size;
    uint8_t hash[16];
};
void avpni_offer_write(uint8_t body[AVPNI_REQUEST_BODY_BYTES], const struct avpni_offer *offer);
bool avpni_offer_read(const uint8_t body[AVPNI_REQUEST_BODY_BYTES],
                      struct avpni_offer *offer_out);

/* As a Fetch. */
void avpni_list_write(uint8_t body[AVPNI_REQUEST_BODY_BYTES], const struct avpni_fetch *list);
bool avpni_list_read(const uint8_t body[AVPNI_REQUEST_BODY_BYTES], struct avpni_fetch *list_out);

/* A part: 28 bytes of head, then 1 to AVPNI_PART_BYTES bytes, as many as size and number say. */
#define AVPNI_PART_HEAD_BYTES 28
struct avpni_part {
    uint64_t base, version;
    uint32_t size;   /* of the whole */
    uint32_t number; /* this part's bytes begin at number * AVPNI_PART_BYTES */
};
/* How many parts a whole of `size` bytes has, and how long one of them is (0: there is no such part). */
uint32_t avpni_part_count(uint32_t size);
uint32_t avpni_part_bytes(uint32_t size, uint32_t number);
void avpni_part_head_write(uint8_t *body, const struct avpni_part *part);
/* `bytes_out` points into the body. False also if the length is not the one size and number ask for. */
bool avpni_part_read(const uint8_t *body, size_t count, struct avpni_part *part_out,
                     const uint8_t **bytes_out);

#define AVPNI_WANT_BODY_BYTES 20
struct avpni_want {
    uint8_t status; /* enum avpn_publish_result */
    uint64_t version;
    uint32_t first, mask;
};
void avpni_want_write(uint8_t body[AVPNI_WANT_BODY_BYTES], const struct avpni_want *want);
bool avpni_want_read(const uint8_t body[AVPNI_WANT_BODY_BYTES], struct avpni_want *want_out);

#define AVPNI_CLAIMS_HEAD_BYTES 12
#define AVPNI_CLAIM_ENTRY_BYTES 104
struct avpni_claims_head {
    uint16_t count;
    uint32_t total, first;
};
struct avpni_claim_entry {
    uint32_t member;
    struct avpn_key device;
    uint32_t age;
    uint8_t signature[64];
};
void avpni_claims_head_write(uint8_t *body, const struct avpni_claims_head *head);
void avpni_claim_entry_write(struct avpni_writer *w, const struct avpni_claim_entry *entry);
/* Leaves `entries_out` at the first of `count` entries; reading them cannot fail. */
bool avpni_claims_read(const uint8_t *body, size_t count, struct avpni_claims_head *head_out,
                       struct avpni_reader *entries_out);
void avpni_claim_entry_read(struct avpni_reader *r, struct avpni_claim_entry *entry_out);

#define AVPNI_ACK_BODY_BYTES 36
struct avpni_ack {
    struct avpn_contact observed;
    uint64_t config_version;
    uint32_t contacts_version;
};
void avpni_ack_write(uint8_t body[AVPNI_ACK_BODY_BYTES], const struct avpni_ack *ack);
bool avpni_ack_read(const uint8_t body[AVPNI_ACK_BODY_BYTES], struct avpni_ack *ack_out);

#define AVPNI_CHALLENGE_BODY_BYTES 40
struct avpni_challenge {
    uint8_t token[16];
    struct avpn_contact observed;
};
void avpni_challenge_write(uint8_t body[AVPNI_CHALLENGE_BODY_BYTES],
                           const struct avpni_challenge *challenge);
bool avpni_challenge_read(const uint8_t body[AVPNI_CHALLENGE_BODY_BYTES],
                          struct avpni_challenge *challenge_out);

#define AVPNI_ENTRY_CONNECTED 1u
#define AVPNI_ENTRY_LIMIT 46 /* bytes of the largest entry */

struct avpni_entry {
    uint32_t member;
    uint8_t uplink;
    uint8_t flags;
    uint8_t nat;
    struct avpn_contact observed;
    struct avpn_contact local;
};

/* Page and Change: a head, then entries one after the other. */
#define AVPNI_PAGE_LAST 1u
#define AVPNI_PAGE_HEAD_BYTES 16
#define AVPNI_CHANGE_HEAD_BYTES 8

struct avpni_page_head {
    uint8_t flags; /* Page only */
    uint16_t count;
    uint32_t contacts_version;
    uint32_t first, total; /* Page only */
};
void avpni_page_head_write(uint8_t *body, const struct avpni_page_head *head);
void avpni_change_head_write(uint8_t *body, const struct avpni_page_head *head);
/* Appends; the writer fails when there is no room. */
void avpni_entry_write(struct avpni_writer *w, const struct avpni_entry *entry);
/*
 * Reads the head of a Page or Change and leaves `entries_out` at the first entry. Every entry
 * has then been checked: reading `count` of them with avpni_entry_read cannot fail.
 */
bool avpni_entries_read(const uint8_t *body, size_t count, struct avpni_page_head *head_out,
                        struct avpni_reader *entries_out);
void avpni_entry_read(struct avpni_reader *r, struct avpni_entry *entry_out);

/* ---- probe ------------------------------------------------------------------------------ */

#define AVPNI_PROBE_TAG 8    /* offsets in the datagram */
#define AVPNI_PROBE_NONCE 16
#define AVPNI_PROBE_SEALED 40

enum avpni_probe_kind {
    AVPNI_PROBE_REQUEST = 1,
    AVPNI_PROBE_RESPONSE = 2,
    AVPNI_PROBE_SIZE_REQUEST = 3, /* zeros follow the tag, up to its size [MTU-2] */
    AVPNI_PROBE_SIZE_RESPONSE = 4
};
#define AVPNI_PROBE_WANTS_HANDSHAKE 1u
#define AVPNI_PROBE_RESERVED 2u /* accepted and ignored */

struct avpni_probe {
    uint8_t kind;
    uint8_t uplink;
    uint8_t remote_uplink;
    uint8_t flags;
    uint64_t transaction;
    struct avpn_contact observed;
    uint32_t session;
    uint64_t ticket;
    uint32_t sent, received;
    uint32_t psk_epoch; /* of the sender's configuration [PRB-13] */
    uint64_t offers;     /* bit by place of the sender's exports [PRB-14] */
    uint32_t site_check; /* of the sender's site */
    uint16_t size;       /* that is asked for, of the whole datagram; 0 in the first two kinds */
};
void avpni_probe_head_write(uint8_t *bytes, const uint8_t tag[8], const uint8_t nonce[24]);
void avpni_probe_body_write(uint8_t body[AVPNI_PROBE_BODY_BYTES], const struct avpni_probe *probe);
bool avpni_probe_body_read(const uint8_t body[AVPNI_PROBE_BODY_BYTES],
                           struct avpni_probe *probe_out);
/* Is the datagram in which the body came of the length its kind has, and filled with zeros [MTU-2]? */
bool avpni_probe_is_whole(const struct avpni_probe *probe, const uint8_t *bytes, size_t count);

/* ---- contacts ----------------------------------------------------------------------------- */

#define AVPNI_CONTACT_FIXED_BYTES 20
/* Fixed form. Reading marks the reader failed when it is not canonical. */
void avpni_contact_write_fixed(struct avpni_writer *w, const struct avpn_contact *contact);
void avpni_contact_read_fixed(struct avpni_reader *r, struct avpn_contact *contact_out);
void avpni_contact_write_compact(struct avpni_writer *w, const struct avpn_contact *contact);
void avpni_contact_read_compact(struct avpni_reader *r, struct avpn_contact *contact_out);

#endif
