/* SPDX-License-Identifier: ISC */
/* claim: see claim.h. What each registry answered last stands in its registrar. */
#include "link/claim.h"

#include <string.h>

int32_t avpni_claim_begin(struct avpni_context *context, const struct avpn_token *token)
{
    int32_t error =
        avpn_token_claim(token, &context->identity.public_key, context->claim.signature);

    if (error != AVPN_OK)
        return error;
    context->claim.organization = token->organization;
    context->claim.member = token->member;
    context->is_claiming = true;
    return AVPN_OK;
}

void avpni_claim_end(struct avpni_context *context)
{
    context->is_claiming = false;
    memset(&context->claim, 0, sizeof context->claim);
}

bool avpni_claim_is_due(const struct avpni_context *context,
                        const struct avpni_registrar *registrar)
{
    return context->is_claiming && registrar->join != AVPN_JOIN_MEMBER;
}

void avpni_claim_write(const struct avpni_context *context,
                       uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES])
{
    avpni_claim_request_write(payload, &context->claim);
}

static void set_state(struct avpni_context *context, struct avpni_registrar *registrar,
                      enum avpn_join_state state, avpn_time now)
{
    struct avpn_event event = avpni_event(AVPN_EVENT_JOIN, state, now);

    if (registrar->join == state)
        return;
    registrar->join = (uint8_t)state;
    event.registry = registrar->number;
    avpni_events_push(&context->events, &event);
}

bool avpni_claim_answer(struct avpni_context *context, struct avpni_registrar *registrar,
                        const uint8_t payload[AVPNI_REGISTER_RESPONSE_BYTES], avpn_time now)
{
    static const enum avpn_join_state states[] = {
        [AVPNI_CLAIM_PENDING] = AVPN_JOIN_PENDING,
        [AVPNI_CLAIM_TAKEN] = AVPN_JOIN_TAKEN,
        [AVPNI_CLAIM_EXPIRED] = AVPN_JOIN_EXPIRED,
        [AVPNI_CLAIM_MEMBER] = AVPN_JOIN_MEMBER,
    };
    struct avpni_claim_response response;

    if (!avpni_claim_response_read(payload, &response))
        return false;
    if (context->is_claiming) /* a late answer, when there is a configuration, is no news */
        set_state(context, registrar, states[response.status], now);
    return true;
}

void avpni_claim_again(struct avpni_context *context, struct avpni_registrar *registrar,
                       avpn_time now)
{
    if (context->is_claiming && registrar->join == AVPN_JOIN_MEMBER)
        set_state(context, registrar, AVPN_JOIN_CLAIMING, now);
}
