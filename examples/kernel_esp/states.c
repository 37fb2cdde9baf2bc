/* SPDX-License-Identifier: ISC */
#include "kernel_esp/states.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <string.h>

#define MESSAGE_BYTES 2048u /* a state with a window of 4096 packets, and some room */
#define WINDOW_WORDS 128u   /* of the largest window that the kernel takes */
#define TAG_BITS 128u
#define MAPPING_SECONDS 1u /* at most so often the kernel tells of another source */

#define KEY_BYTES 36u       /* and salt */

/* struct xfrm_algo_aead with its key, and struct xfrm_replay_state_esn with its bits: the kernel's ends are flexible. */
struct algorithm {
    _Alignas(struct xfrm_algo_aead) uint8_t bytes[sizeof(struct xfrm_algo_aead) + KEY_BYTES];
};

struct window {
    _Alignas(struct xfrm_replay_state_esn) uint8_t
        bytes[sizeof(struct xfrm_replay_state_esn) + WINDOW_WORDS * sizeof(uint32_t)];
};

static struct xfrm_replay_state_esn read_window(const struct window *window)
{
    struct xfrm_replay_state_esn head;

    memcpy(&head, window->bytes, sizeof head);
    return head;
}

uint16_t states_family(const struct avpn_contact *contact)
{
    return contact->family == AVPN_FAMILY_IPV6 ? AF_INET6 : AF_INET;
}

/* Unused bytes of a contact are zero, and so is what is not known: any address. */
xfrm_address_t states_address(const struct avpn_contact *contact)
{
    xfrm_address_t address;

    memcpy(&address, contact->bytes, sizeof address);
    return address;
}

static const char *algorithm_name(uint8_t suite)
{
    return suite == AVPN_SUITE_AES_256_GCM ? "rfc4106(gcm(aes))" : "rfc7539esp(chacha20,poly1305)";
}

/* ---- writing ------------------------------------------------------------------------------ */

static void fill_ends(struct xfrm_usersa_info *info, struct xfrm_encap_tmpl *encap,
                      const struct states_ends *ends)
{
    const struct avpn_contact *source = ends->is_sender ? &ends->local : &ends->remote;
    const struct avpn_contact *destination = ends->is_sender ? &ends->remote : &ends->local;

    info->family = states_family(destination);
    info->saddr = states_address(source);
    info->id.daddr = states_address(destination);
    encap->encap_type = UDP_ENCAP_ESPINUDP;
    encap->encap_sport = htons(source->port);
    encap->encap_dport = htons(destination->port);
}

static struct xfrm_usersa_info info_of(const struct avpn_sa_change *install)
{
    struct xfrm_usersa_info info = {.mode = XFRM_MODE_TUNNEL,
                                    .reqid = install->member,
                                    .flags = XFRM_STATE_ESN | XFRM_STATE_AF_UNSPEC};

    info.id.spi = htonl(install->spi);
    info.id.proto = IPPROTO_ESP;
    info.lft.soft_byte_limit = info.lft.hard_byte_limit = XFRM_INF;
    info.lft.soft_packet_limit = info.lft.hard_packet_limit = XFRM_INF;
    if (install->is_sender)
        info.lft.hard_packet_limit = install->limit - install->sequence;
    return info;
}

static struct algorithm algorithm_of(const struct avpn_sa_change *install)
{
    struct xfrm_algo_aead head = {.alg_key_len = 8 * KEY_BYTES, .alg_icv_len = TAG_BITS};
    struct algorithm algorithm;

    strcpy(head.alg_name, algorithm_name(install->suite));
    memcpy(algorithm.bytes, &head, sizeof head);
    memcpy(algorithm.bytes + sizeof head, install->key, sizeof install->key);
    memcpy(algorithm.bytes + sizeof head + sizeof install->key, install->salt,
           sizeof install->salt);
    return algorithm;
}

/* Both directions have a window in the kernel's eyes; a sender's is not used. */
static struct window window_of(const struct avpn_sa_change *install)
{
    struct xfrm_replay_state_esn head = {.replay_window = install->is_sender ? 32 : install->window};
    uint32_t low = (uint32_t)install->sequence, high = (uint32_t)(install->sequence >> 32);
    struct window window = {{0}};

    head.bmp_len = head.replay_window / 32;
    if (install->is_sender) {
        head.oseq = low;
        head.oseq_hi = high;
    } else {
        head.seq = low;
        head.seq_hi = high;
    }
    memcpy(window.bytes, &head, sizeof head);
    return window;
}

static int put_state(struct netlink *netlink, uint16_t type, const struct xfrm_usersa_info *info,
                     const struct algorithm *algorithm, const struct xfrm_encap_tmpl *encap,
                     const struct window *window, int is_sender)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[MESSAGE_BYTES];
    struct nlmsghdr *request =
        netlink_begin(bytes, type, type == XFRM_MSG_NEWSA ? NLM_F_CREATE | NLM_F_EXCL : 0);
    int result, saved;

    memcpy(mnl_nlmsg_put_extra_header(request, sizeof *info), info, sizeof *info);
    mnl_attr_put(request, XFRMA_ALG_AEAD, sizeof *algorithm, algorithm);
    mnl_attr_put(request, XFRMA_ENCAP, sizeof *encap, encap);
    mnl_attr_put(request, XFRMA_REPLAY_ESN_VAL,
                 sizeof(struct xfrm_replay_state_esn) + read_window(window).bmp_len * sizeof(uint32_t),
                 window);
    if (!is_sender)
        mnl_attr_put_u32(request, XFRMA_MTIMER_THRESH, MAPPING_SECONDS);
    result = netlink_talk(netlink, request);
    saved = errno;
    explicit_bzero(bytes, sizeof bytes);
    errno = saved;
    return result;
}

int states_install(struct netlink *netlink, const struct avpn_sa_change *install)
{
    const struct states_ends ends = {install->local, install->remote, install->is_sender};
    struct xfrm_usersa_info info = info_of(install);
    struct algorithm algorithm = algorithm_of(install);
    struct window window = window_of(install);
    struct xfrm_encap_tmpl encap = {0};
    int result;

    fill_ends(&info, &encap, &ends);
    result = put_state(netlink, XFRM_MSG_NEWSA, &info, &algorithm, &encap, &window,
                       install->is_sender);
    explicit_bzero(&algorithm, sizeof algorithm);
    return result;
}

/* ---- naming ------------------------------------------------------------------------------- */

static struct nlmsghdr *name_state(uint8_t bytes[NETLINK_REQUEST_BYTES], uint16_t type,
                                   uint32_t spi, const struct states_ends *ends)
{
    const struct avpn_contact *destination = ends->is_sender ? &ends->remote : &ends->local;
    struct nlmsghdr *request = netlink_begin(bytes, type, 0);
    struct xfrm_usersa_id id = {.daddr = states_address(destination),
                                .spi = htonl(spi),
                                .family = states_family(destination),
                                .proto = IPPROTO_ESP};

    memcpy(mnl_nlmsg_put_extra_header(request, sizeof id), &id, sizeof id);
    return request;
}

int states_remove(struct netlink *netlink, uint32_t spi, const struct states_ends *ends)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[NETLINK_REQUEST_BYTES];

    return netlink_talk(netlink, name_state(bytes, XFRM_MSG_DELSA, spi, ends));
}

/* ---- reading ------------------------------------------------------------------------------ */

struct state {
    struct xfrm_usersa_info info;
    struct algorithm algorithm;
    struct xfrm_encap_tmpl encap;
    struct window window;
    uint32_t taken;
};
#define STATE_PARTS 3u /* algorithm, encapsulation, window: without one of them it is none of ours */

static void take(struct state *state, void *out, size_t room, const struct nlattr *attribute)
{
    size_t count = mnl_attr_get_payload_len(attribute);

    if (count > room)
        return;
    memcpy(out, mnl_attr_get_payload(attribute), count);
    state->taken++;
}

static int read_attribute(const struct nlattr *attribute, void *user)
{
    struct state *state = user;

    switch (mnl_attr_get_type(attribute)) {
    case XFRMA_ALG_AEAD:
        take(state, &state->algorithm, sizeof state->algorithm, attribute);
        break;
    case XFRMA_ENCAP:
        take(state, &state->encap, sizeof state->encap, attribute);
        break;
    case XFRMA_REPLAY_ESN_VAL:
        take(state, &state->window, sizeof state->window, attribute);
        break;
    default:
        break;
    }
    return MNL_CB_OK;
}

static void read_state(void *user, const struct nlmsghdr *answer)
{
    struct state *state = user;

    if (answer->nlmsg_type != XFRM_MSG_NEWSA)
        return;
    memset(state, 0, sizeof *state);
    memcpy(&state->info, mnl_nlmsg_get_payload(answer), sizeof state->info);
    (void)mnl_attr_parse(answer, sizeof state->info, read_attribute, state);
}

struct counting {
    void (*note)(void *user, const struct states_count *count);
    void *user;
};

static void count_state(void *user, const struct nlmsghdr *answer)
{
    const struct counting *counting = user;
    struct state state = {0};
    struct states_count count;

    read_state(&state, answer);
    if (state.taken == STATE_PARTS && state.info.id.proto == IPPROTO_ESP) {
        const struct xfrm_replay_state_esn head = read_window(&state.window);

        count.family = (uint8_t)state.info.family;
        count.destination = state.info.id.daddr;
        count.spi = ntohl(state.info.id.spi);
        count.sent_sequence = (uint64_t)head.oseq_hi << 32 | head.oseq;
        count.received_sequence = (uint64_t)head.seq_hi << 32 | head.seq;
        count.packets = state.info.curlft.packets;
        count.bytes = state.info.curlft.bytes;
        counting->note(counting->user, &count);
    }
    explicit_bzero(&state, sizeof state);
}

int states_count_all(struct netlink *netlink,
                     void (*note)(void *user, const struct states_count *count), void *user)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[NETLINK_REQUEST_BYTES];
    struct counting counting = {note, user};

    return netlink_dump(netlink, netlink_begin(bytes, XFRM_MSG_GETSA, 0), count_state, &counting);
}

/* ---- moving ------------------------------------------------------------------------------- */

static int is_same_address(const struct avpn_contact *a, const struct avpn_contact *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Numbers that the old one may still use are left out. */
static void jump(struct window *window)
{
    struct xfrm_replay_state_esn head = read_window(window);
    uint64_t next = ((uint64_t)head.oseq_hi << 32 | head.oseq) + STATES_JUMP;

    head.oseq = (uint32_t)next;
    head.oseq_hi = (uint32_t)(next >> 32);
    memcpy(window->bytes, &head, sizeof head);
}

int states_move(struct netlink *netlink, uint32_t spi, const struct states_ends *from,
                const struct states_ends *to, int *is_copy_out)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[NETLINK_REQUEST_BYTES];
    struct state state = {0};
    int result = netlink_ask(netlink, name_state(bytes, XFRM_MSG_GETSA, spi, from), read_state,
                             &state);

    *is_copy_out = from->is_sender && !is_same_address(&from->remote, &to->remote);
    if (result == 0 && state.taken != STATE_PARTS) {
        errno = ENOENT;
        result = -1;
    }
    if (result == 0) {
        memset(&state.info.curlft, 0, sizeof state.info.curlft);
        fill_ends(&state.info, &state.encap, to);
        if (*is_copy_out)
            jump(&state.window);
        result = put_state(netlink, *is_copy_out ? XFRM_MSG_NEWSA : XFRM_MSG_UPDSA, &state.info,
                           &state.algorithm, &state.encap, &state.window, to->is_sender);
    }
    explicit_bzero(&state, sizeof state);
    return result;
}
