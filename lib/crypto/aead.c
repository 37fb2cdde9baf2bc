/* SPDX-License-Identifier: ISC */
/*
 * aead: the list of providers, the fastest of each suite first, and what their self-tests said.
 *
 * The order is measured (x86-64 with AVX-512; doc/decisions/0014-aead-providers.md has the figures, tests/bench/bench_sa repeats them).
 * intel-ipsec-mb leads in both suites at every size, 4 to 8 times in AES-256-GCM. Of the others OpenSSL is faster from some 400
 * bytes on, by half at 1400, where nearly all bytes are; libsodium at 64, by a third, where few are.
 *
 * A provider of the build is tested when it is first needed, and not again: neither the processor nor the code changes. One that is
 * never needed is never touched, so that it costs no memory. Threads may ask at the same time: the first tests, the others wait.
 */
#include "crypto/aead.h"

#include "crypto/providers.h"
#include "crypto/spin.h"

static const struct avpn_aead *const providers[] = {
#ifdef AVPN_WITH_IPSEC_MB
    &avpni_aead_ipsec_mb_aes,
    &avpni_aead_ipsec_mb_chacha,
#endif
#ifdef AVPN_WITH_OPENSSL
    &avpni_aead_openssl_aes,
    &avpni_aead_openssl_chacha,
#endif
    &avpni_aead_sodium_aes,
    &avpni_aead_sodium_chacha,
};

#define PROVIDERS (sizeof providers / sizeof providers[0])
#define UNTESTED 0

/* UNTESTED, or the test's result less one: results are zero or negative, and static memory begins with 0. */
static _Atomic int32_t verdicts[PROVIDERS];
static struct avpni_spin testing;

const struct avpn_aead *avpn_aead_at(uint32_t index)
{
    return index < PROVIDERS ? providers[index] : NULL;
}

static int32_t judge_at(size_t i)
{
    int32_t verdict = atomic_load_explicit(&verdicts[i], memory_order_acquire);

    if (verdict == UNTESTED) {
        avpni_spin_lock(&testing);
        verdict = atomic_load_explicit(&verdicts[i], memory_order_relaxed);
        if (verdict == UNTESTED) {
            verdict = avpn_aead_test(providers[i]) - 1;
            atomic_store_explicit(&verdicts[i], verdict, memory_order_release);
        }
        avpni_spin_unlock(&testing);
    }
    return verdict + 1;
}

int32_t avpni_aead_judge(const struct avpn_aead *aead)
{
    for (size_t i = 0; i < PROVIDERS; i++) {
        if (providers[i] == aead) {
            return judge_at(i);
        }
    }
    return avpn_aead_test(aead);
}

const struct avpn_aead *avpn_aead_find(uint8_t suite)
{
    for (size_t i = 0; i < PROVIDERS; i++) {
        if (providers[i]->suite == suite && judge_at(i) == AVPN_OK) {
            return providers[i];
        }
    }
    return NULL;
}

const struct avpn_aead *avpni_aead_choose(const struct avpn_aead *const *own, uint8_t suite)
{
    for (size_t i = 0; own != NULL && own[i] != NULL; i++) {
        if (avpni_aead_is_sound(own[i]) && own[i]->suite == suite &&
            avpni_aead_judge(own[i]) == AVPN_OK) {
            return own[i];
        }
    }
    return avpn_aead_find(suite);
}
