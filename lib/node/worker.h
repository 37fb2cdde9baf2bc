/* SPDX-License-Identifier: ISC */
/* worker: what the node knows of its workers (autovpn/worker.h). */
#ifndef AVPNI_NODE_WORKER_H
#define AVPNI_NODE_WORKER_H

#include "node/node.h"

/* A counter, summed over all workers. */
uint64_t avpni_workers_counter(const struct avpn_node *node, enum avpn_counter counter);

#endif
