/* SPDX-License-Identifier: ISC */
/*
 * claim: how a node without a configuration gets one: it claims the place that its token names, at each registry of the
 * token, in the place of registering there, until that registry says that it is a member. Spec: [JOIN-2].
 */
#ifndef AVPNI_LINK_CLAIM_H
#define AVPNI_LINK_CLAIM_H

#include "link/context.h"
#include "link/registration.h"

/* From a token, with our key. AVPN_ERROR_ARGUMENT: as avpn_token_claim. */
int32_t avpni_claim_begin(struct avpni_context *context, const struct avpn_token *token);
/* There is a configuration: from now on nodes register only. */
void avpni_claim_end(struct avpni_context *context);

/* Is this registry to be sent claims, or may we register with it? */
bool avpni_claim_is_due(const struct avpni_context *context,
                        const struct avpni_registrar *registrar);
/* The payload of an initiation. */
void avpni_claim_write(const struct avpni_context *context,
                       uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES]);
/* The payload of its answer. False: not canonical. */
bool avpni_claim_answer(struct avpni_context *context, struct avpni_registrar *registrar,
                        const uint8_t payload[AVPNI_REGISTER_RESPONSE_BYTES], avpn_time now);
/* A registry that called us a member does not answer as to one: claim again. */
void avpni_claim_again(struct avpni_context *context, struct avpni_registrar *registrar,
                       avpn_time now);

#endif
