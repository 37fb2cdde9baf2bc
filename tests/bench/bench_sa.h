/* SPDX-License-Identifier: ISC */
/* bench_sa: what its two files share. */
#ifndef AUTOVPN_BENCH_SA_H
#define AUTOVPN_BENCH_SA_H

#include "crypto/aead.h"

/* Memory as an SA wants it; free() takes it back. */
void *bench_place(size_t bytes);
/* Many tunnels with one provider: a table's head, and its rows. */
void bench_keys_head(void);
void bench_keys(const struct avpn_aead *aead, bool is_quick);

#endif
