/* SPDX-License-Identifier: ISC */
/* The example of noise.h: keys, buffers and the reply are the caller's. */
#include <autovpn/noise.h>

void example(const uint8_t *prologue, const uint8_t *reply, uint8_t *payload, uint8_t *message);
void example(const uint8_t *prologue, const uint8_t *reply, uint8_t *payload, uint8_t *message)
{
    struct avpn_key_pair my_pair = {0};
    struct avpn_key peer_public = {0}, ephemeral_secret = {0}, psk = {0}, send_key, receive_key;

EXAMPLE
}
