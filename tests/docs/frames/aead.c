/* SPDX-License-Identifier: ISC */
/* The example of aead.h: the functions are the host's. */
#include <autovpn/aead.h>
#include <autovpn/host.h>
#include <autovpn/sa.h>

int32_t my_set_key(void *user, void *state, const uint8_t *key);
void my_seal(void *user, void *state, uint8_t *text, size_t count, uint8_t *tag, const uint8_t *ad, size_t ad_bytes,
             const uint8_t *nonce);
int32_t my_open(void *user, void *state, uint8_t *text, size_t count, const uint8_t *tag, const uint8_t *ad,
                size_t ad_bytes, const uint8_t *nonce);
struct avpn_host host;
void example(void);
void example(void)
{
EXAMPLE
}
