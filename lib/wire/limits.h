/* SPDX-License-Identifier: ISC */
/*
 * limits: every constant of the protocol, each with the requirement that fixes it.
 * doc/protocol.md is normative.
 */
#ifndef AVPNI_WIRE_LIMITS_H
#define AVPNI_WIRE_LIMITS_H

#include <autovpn/types.h>

#define AVPNI_WIRE_VERSION 1

/* ---- sizes, section 1 and 3 ---------------------------------------------------- */
#define AVPNI_HEADER_BYTES 8
#define AVPNI_INITIATION_REGISTRY_BYTES 256
#define AVPNI_INITIATION_NODE_BYTES 164
#define AVPNI_RESPONSE_REGISTRY_BYTES 160
#define AVPNI_RESPONSE_NODE_BYTES 76
#define AVPNI_COOKIE_MESSAGE_BYTES 68
#define AVPNI_CONFIRMATION_BYTES 28
#define AVPNI_PROBE_BYTES 128
#define AVPNI_PROBE_BODY_BYTES 72
#define AVPNI_PROBE_LIMIT 65507 /* of a size request [MTU-2]: what UDP over IPv4 carries */
#define AVPNI_SESSION_OVERHEAD 44
#define AVPNI_REQUEST_BODY_BYTES 52  /* Keepalive and Fetch */
#define AVPNI_PAGE_BODY_LIMIT 1100   /* [REG-11] */
#define AVPNI_SESSION_BODY_LIMIT 1100
#define AVPNI_PART_BYTES 1024        /* 4.1 */
#define AVPNI_CLAIMS_PER_PAGE 10     /* [PUB-6] */
#define AVPNI_REGISTER_REQUEST_BYTES 116
#define AVPNI_REGISTER_RESPONSE_BYTES 96
#define AVPNI_NODE_REQUEST_BYTES 24
#define AVPNI_NODE_RESPONSE_BYTES 12

/* ---- ESP, section 6 -------------------------------------------------------------- */
#define AVPNI_SPI_FIRST 256u                          /* [DMX-3] */
#define AVPNI_REPLAY_WINDOW 2048                      /* [ESP-5] */
#define AVPNI_REKEY_AFTER (600 * AVPN_SECOND)         /* [ESP-6] */
#define AVPNI_REKEY_JITTER (30 * AVPN_SECOND)         /* [ESP-6] */
#define AVPNI_REJECT_AFTER (900 * AVPN_SECOND)        /* [ESP-6] */
#define AVPNI_PREVIOUS_SPAN (30 * AVPN_SECOND)        /* [ESP-6] */
#define AVPNI_REKEY_AFTER_PACKETS (UINT64_C(1) << 32) /* [ESP-6] */
#define AVPNI_REJECT_AFTER_PACKETS (UINT64_C(1) << 34) /* [ESP-6] */

/* ---- handshake, section 3 --------------------------------------------------------- */
#define AVPNI_HANDSHAKE_TIMEOUT (2 * AVPN_SECOND)     /* 7.4 */
#define AVPNI_COOKIE_SPAN (120 * AVPN_SECOND)         /* [MAC-2], [MAC-5] */
#define AVPNI_COOKIE_RETRY_MIN (100 * AVPN_MILLISECOND) /* [MAC-6] */
#define AVPNI_HANDSHAKES_PER_SECOND 500               /* [MAC-4] */
#define AVPNI_HANDSHAKES_PER_SOURCE 20                /* [MAC-4] */

/* ---- registry session, section 4 --------------------------------------------------- */
#define AVPNI_KEEPALIVE_SPAN (10 * AVPN_SECOND)       /* [REG-8] */
#define AVPNI_KEEPALIVE_RETRY (1 * AVPN_SECOND)       /* [REG-7] */
#define AVPNI_KEEPALIVE_TRIES 3                       /* [REG-7] */
#define AVPNI_DISCONNECT_AFTER (70 * AVPN_SECOND)     /* [REG-8] */
#define AVPNI_SESSION_RENEW (3600 * AVPN_SECOND)      /* [REG-7] */
#define AVPNI_REGISTER_RETRY_FIRST (1 * AVPN_SECOND)  /* 7.1 */
#define AVPNI_REGISTER_RETRY_LAST (30 * AVPN_SECOND)  /* 7.1 */
#define AVPNI_TOKEN_PERIOD (120 * AVPN_SECOND)        /* [REG-4] */
#define AVPNI_REGISTRY_REPLAY 32                      /* [REG-2] */

/* ---- cost of session messages, in the bucket of a registration -------------------- */
#define AVPNI_RATE_BURST (2 * AVPN_SECOND)            /* [REG-17] */
#define AVPNI_RATE_PAGE (5 * AVPN_MILLISECOND)        /* [REG-17] */
#define AVPNI_RATE_PART (2500 * AVPN_MICROSECOND)     /* [REG-17] */
#define AVPNI_RATE_CHANGE (250 * AVPN_MILLISECOND)    /* [REG-17] */

/* ---- delivery, 4.1 ------------------------------------------------------------------ */
#define AVPNI_SYNC_WINDOW 16                          /* [SYN-1], [SYN-4] */
#define AVPNI_PUSH_BATCH 256                          /* [SYN-3] */
#define AVPNI_PUSH_PAUSE (5 * AVPN_MILLISECOND)       /* [SYN-3] */
#define AVPNI_SYNC_RETRY_FIRST (1 * AVPN_SECOND)      /* [SYN-4] */
#define AVPNI_SYNC_RETRY_LAST (4 * AVPN_SECOND)       /* [SYN-4] */
#define AVPNI_SYNC_TRIES 5                            /* [SYN-4] */
#define AVPNI_FAULT_FIRST (60 * AVPN_SECOND)          /* [SYN-5] */
#define AVPNI_FAULT_LAST (3600 * AVPN_SECOND)         /* [SYN-5] */
#define AVPNI_BEHIND_AFTER (60 * AVPN_SECOND)         /* [SYN-6] */
#define AVPNI_CONTRADICTED_AFTER (120 * AVPN_SECOND)  /* [SYN-6] */

/* ---- joining and publishing, 4.2 and 4.3 -------------------------------------------------- */
#define AVPNI_CLAIM_RETRY_FIRST (5 * AVPN_SECOND)     /* [JOIN-2] */
#define AVPNI_CLAIM_RETRY_LAST (30 * AVPN_SECOND)     /* [JOIN-2] */
#define AVPNI_UPLOAD_WINDOW 32                        /* [PUB-3] */
#define AVPNI_OFFER_RETRY_FIRST (300 * AVPN_MILLISECOND) /* [PUB-3] */
#define AVPNI_OFFER_RETRY_LAST (5 * AVPN_SECOND)      /* [PUB-3] */
#define AVPNI_UPLOAD_IDLE (3 * AVPN_SECOND)           /* [PUB-4] */
#define AVPNI_UPLOAD_PAUSE (1 * AVPN_SECOND)          /* [PUB-4] */

/* ---- configuration, section 8 ----------------------------------------------------------- */
#define AVPNI_VERSION_STEP (UINT64_C(1) << 32)        /* [CFG-5] */
#define AVPNI_SERIAL_STEP 16                          /* [CFG-5] */
#define AVPNI_UNDO_AFTER (120 * AVPN_SECOND)          /* [CFG-12] */
#define AVPNI_RETRY_UNDONE_FIRST (600 * AVPN_SECOND)  /* [CFG-12] */
#define AVPNI_RETRY_UNDONE_LAST (86400 * AVPN_SECOND) /* [CFG-12] */

/* ---- probes and paths, section 5 ----------------------------------------------------- */
#define AVPNI_PROBE_TIMEOUT (3 * AVPN_SECOND)         /* [PRB-3] */
#define AVPNI_PUNCH_PROBES 10                         /* [PRB-4] */
#define AVPNI_CANDIDATES 8                            /* [PRB-10] */
#define AVPNI_ROAM_WAIT (600 * AVPN_MILLISECOND)      /* [PRB-7] */
#define AVPNI_PROBE_SPAN (1 * AVPN_SECOND)            /* [PRB-9] */
#define AVPNI_PROBE_SPAN_PER_PATH (1 * AVPN_MILLISECOND) /* [PRB-9] */
#define AVPNI_PROBE_RETRY (300 * AVPN_MILLISECOND)    /* [PRB-9] */
#define AVPNI_PROBE_HURRY (100 * AVPN_MILLISECOND)    /* [PRB-9] */
#define AVPNI_PROBE_HURRY_AFTER (600 * AVPN_MILLISECOND) /* [PRB-9] */
#define AVPNI_PATH_DEAD_AFTER (3 * AVPN_SECOND)       /* [PRB-9] */
#define AVPNI_ATTEMPT_FIRST (15 * AVPN_SECOND)        /* [PRB-11] */
#define AVPNI_ATTEMPT_LAST (300 * AVPN_SECOND)        /* [PRB-11] */
#define AVPNI_OFFERS_ASK (1 * AVPN_SECOND)            /* [PRB-14] */
#define AVPNI_PURGE_AFTER (4 * 3600 * AVPN_SECOND)    /* [PRB-12] */
#define AVPNI_PATH_FAILBACK (10 * AVPN_SECOND)        /* [PTH-2] */
#define AVPNI_UPLINK_UNKNOWN 255                      /* section 5 */

/* ---- path MTU, 6.1 ------------------------------------------------------------------- */
#define AVPNI_MTU_BASE 1200                           /* [MTU-1] */
#define AVPNI_MTU_DEFAULT 1500                        /* [MTU-1], of a link, IP header included */
#define AVPNI_MTU_OPEN 8                              /* [MTU-1] */
#define AVPNI_MTU_TRIES 3                             /* 6.1 */
#define AVPNI_MTU_TIMEOUT (500 * AVPN_MILLISECOND)    /* [MTU-3] */
#define AVPNI_MTU_TIMEOUT_LAST (3 * AVPN_SECOND)      /* [MTU-3] */
#define AVPNI_MTU_CONFIRM (10 * AVPN_SECOND)          /* 6.1 */
#define AVPNI_MTU_CONFIRM_LARGE (2 * AVPN_SECOND)     /* 6.1, [MTU-5] */
#define AVPNI_MTU_SEARCH_AGAIN (600 * AVPN_SECOND)    /* 6.1 */
#define AVPNI_MTU_BELOW_AGAIN (60 * AVPN_SECOND)      /* 6.1 */

/* ---- next hops, 9.1 -------------------------------------------------------------------- */
#define AVPNI_HOLD_FIRST (10 * AVPN_SECOND)           /* [RTE-7] */
#define AVPNI_HOLD_LAST (300 * AVPN_SECOND)           /* [RTE-7] */
#define AVPNI_HOLD_FLAP (60 * AVPN_SECOND)            /* [RTE-7] */
#define AVPNI_HOLD_FORGET (600 * AVPN_SECOND)         /* [RTE-7] */

#endif
