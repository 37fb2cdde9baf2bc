/* SPDX-License-Identifier: ISC */
#include "gateway/join.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "gateway/gateway.h"
#include "gateway/words.h"

#define ANSWER_SPAN (30 * AVPN_SECOND)
#define OTHERS_SPAN AVPN_SECOND /* after the first answer, for the other registries' */
#define INPUT_BYTES (2u * AVPN_TOKEN_TEXT) /* a token may be broken into lines */

/* On the command line every user of the machine can see it; a file or a pipe keeps it private. */
static int read_word(const char *word, char text_out[INPUT_BYTES])
{
    const char *path = strcmp(word, "-") == 0 ? "/dev/stdin" : word + 1;
    uint8_t *bytes;
    size_t count;

    if (word[0] != '@' && strcmp(word, "-") != 0) {
        (void)snprintf(text_out, INPUT_BYTES, "%s", word);
        return 0;
    }
    if (file_read(path, INPUT_BYTES - 1, &bytes, &count) != 0) {
        fprintf(stderr, "autovpn-gateway: %s: cannot be read: %s\n", path, strerror(errno));
        return -1;
    }
    memcpy(text_out, bytes, count + 1); /* with the NUL behind it */
    explicit_bzero(bytes, count);
    free(bytes);
    return 0;
}

static int read_token(const char *word, struct avpn_token *token_out)
{
    char text[INPUT_BYTES];
    int32_t error;

    if (read_word(word, text) != 0)
        return -1;
    error = avpn_token_parse(text, token_out);
    explicit_bzero(text, sizeof text);
    if (error == AVPN_OK)
        return 0;
    fprintf(stderr, "autovpn-gateway: this is not a token, or it was mistyped; it begins with AVPN and "
                    "is what autovpn invite printed\n");
    return -1;
}

static void complain_of_silence(const struct avpn_token *token)
{
    fprintf(stderr, "no registry answered in %d s; tried:", (int)(ANSWER_SPAN / AVPN_SECOND));
    for (uint32_t i = 0; i < token->registry_count; i++)
        fprintf(stderr, "%s %s port %u", i ? "," : "", token->registries[i].host,
                token->registries[i].port);
    fprintf(stderr, "; is UDP let out, and does the registry serve this organization? The token is "
                    "kept, and autovpn-gateway goes on trying when it runs\n");
}

/* What each registry said last, enum avpn_join_state; returns how many said anything. */
static uint32_t answers(const struct gateway *gateway, uint8_t states_out[AVPN_REGISTRIES])
{
    uint64_t first = gateway->event_count > GATEWAY_EVENTS ? gateway->event_count - GATEWAY_EVENTS
                                                           : 0;
    uint32_t count = 0;

    memset(states_out, AVPN_JOIN_NONE, AVPN_REGISTRIES);
    for (uint64_t i = first; i < gateway->event_count; i++) {
        const struct avpn_event *event = &gateway->events[i % GATEWAY_EVENTS];

        if (event->kind != AVPN_EVENT_JOIN || event->registry >= AVPN_REGISTRIES)
            continue;
        count += states_out[event->registry] == AVPN_JOIN_NONE;
        states_out[event->registry] = (uint8_t)event->state;
    }
    return count;
}

/* Two devices that asked two registries in another order each: only the administrator can tell. */
static void tell_of_rivals(const struct gateway *gateway)
{
    uint8_t states[AVPN_REGISTRIES];
    char name[AVPN_NAME_BYTES];

    (void)answers(gateway, states);
    for (uint32_t i = 0; i < AVPN_REGISTRIES; i++)
        if (states[i] == AVPN_JOIN_TAKEN)
            fprintf(stderr, "registry %s holds another device's claim to it: tell the administrator, "
                            "who decides by publishing\n",
                    words_registry(gateway, i, name));
}

/* Say how it ended. A token that will never do is not kept for the gateway to try. */
static int conclude(struct gateway *gateway, const struct avpn_token *token, uint8_t state)
{
    int is_good = state == AVPN_JOIN_PENDING || state == AVPN_JOIN_MEMBER;

    if (state == AVPN_JOIN_CLAIMING || state == AVPN_JOIN_NONE)
        complain_of_silence(token);
    else
        fprintf(is_good ? stdout : stderr, "the place of member %u %s\n", token->member,
                words_join(state)->text);
    if (state == AVPN_JOIN_PENDING)
        tell_of_rivals(gateway);
    if (state == AVPN_JOIN_TAKEN || state == AVPN_JOIN_EXPIRED)
        membership_drop_token(&gateway->membership, &gateway->store);
    return is_good ? 0 : 1;
}

/* There is a configuration already: from an earlier claim, or this device was never new. */
static int conclude_member(struct gateway *gateway, const struct avpn_node_status *status)
{
    membership_drop_token(&gateway->membership, &gateway->store);
    if (!status->is_revoked) {
        printf("this device is %s, member %u of %s; nothing is left to claim\n", status->name,
               status->member, status->organization_name);
        return 0;
    }
    fprintf(stderr, "this device was a member and is revoked; to join again, begin with an empty "
                    "state directory\n");
    return 1;
}

static int wait_for_answer(struct gateway *gateway, const struct avpn_token *token)
{
    avpn_time until = loop_now() + ANSWER_SPAN;
    struct avpn_node_status status = {.size = sizeof status};
    uint8_t states[AVPN_REGISTRIES];
    uint32_t heard = 0;

    while (!gateway->loop.is_stopping) {
        uint32_t count = answers(gateway, states);

        (void)avpn_node_status(gateway->node, &status);
        if (avpn_node_config(gateway->node))
            return conclude_member(gateway, &status);
        if (count > 0 && heard == 0)
            until = loop_now() + OTHERS_SPAN;
        heard = count;
        if (heard == token->registry_count || loop_now() >= until)
            return conclude(gateway, token, status.join);
        gateway_turn(gateway, until);
    }
    return 1;
}

int join_organization(const struct setup *setup, const char *setup_path, const char *word)
{
    static struct gateway gateway;
    struct avpn_token token = {.size = sizeof token};
    int result;

    /* The sentence at the end says it all, unless somebody wants to see everything. */
    log_set("autovpn-gateway",
            setup->log_level == AVPN_LOG_DEBUG ? AVPN_LOG_DEBUG : AVPN_LOG_ERROR);
    if (read_token(word, &token) != 0)
        return 2;
    result = gateway_open_to_join(&gateway, setup, setup_path, &token);
    if (result == 0)
        result = wait_for_answer(&gateway, &token);
    explicit_bzero(&token, sizeof token);
    gateway_close(&gateway);
    return result;
}
