/* SPDX-License-Identifier: ISC */
/*
 * oracle: what the two ESP test programs share.
 *
 * Inner packets are ICMP and ICMPv6 echo messages whose payload and size follow from their
 * sequence number, so that whoever receives one can judge it without being told more. Our inner
 * addresses are 10.2.0.1 and 2001:db8:2::1, the other end's 10.1.0.1 and 2001:db8:1::1.
 *
 * Values in, values out; the only memory is the caller's and the security association's.
 */
#ifndef ORACLE_ORACLE_H
#define ORACLE_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include <autovpn/sa.h>

#define ECHO_BYTES_LIMIT 1400  /* no inner packet is larger */
#define ECHO_HEADER_BYTES 8    /* of the ICMP message */
#define ECHO_PAYLOAD_LIMIT 1300

/* The payload of echo number `sequence`: sizes run through every alignment up to the limit. */
uint32_t echo_payload_bytes(uint16_t sequence);
void echo_payload_write(uint8_t *payload_out, uint16_t sequence);
bool echo_payload_matches(const uint8_t *payload, uint32_t bytes, uint16_t sequence);

/* Write an echo request from us to the other end; returns its size, at most ECHO_BYTES_LIMIT. */
uint32_t echo_request_write(uint8_t *packet_out, uint8_t family, uint16_t sequence);
/* Turn a request into its reply in place. False, and nothing changed: not an echo request. */
bool echo_request_answer(uint8_t *packet, uint32_t bytes);
/* A reply to echo_request_write, whole and unaltered. */
bool echo_reply_is_good(const uint8_t *packet, uint32_t bytes);

/* "gcm" or "chacha"; AVPN_SUITE_NONE for anything else. */
uint8_t suite_parse(const char *text);
/* Parameters from a suite, an SPI, 72 hex digits of key and salt, and the last number used. */
bool parameters_parse(struct avpn_sa_parameters *parameters_out, uint8_t suite, uint32_t spi,
                      const char *secret, const char *sequence);

#endif
