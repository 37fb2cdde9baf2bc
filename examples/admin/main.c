/* SPDX-License-Identifier: ISC */
/*
 * autovpn: the administrator's tool. Manual: autovpn(1).
 *
 * Exit status: 0 done, 1 something failed, 2 bad usage or configuration.
 */
#include <stdio.h>
#include <string.h>

#include <autovpn/version.h>

#include "admin/command.h"

static const char help[] =
    "Usage: autovpn COMMAND [--help]\n"
    "\n"
    "The organization:\n"
    "  org init DIR           make keys and an org.yaml to fill in\n"
    "  org check ORG.YAML     check it, and tell what a publish would change\n"
    "  org show ORG.YAML      show it as it is understood, for programs with --json\n"
    "  org publish ORG.YAML   take in new devices, sign it, send it to the registries\n"
    "  org rotate-key ORG.YAML --psk | --signer | --root\n"
    "                         make new keys\n"
    "  org revoke ORG.YAML SITE\n"
    "                         shut a site out\n"
    "  org log ORG.YAML       what was published, and who took it\n"
    "  invite ORG.YAML SITE   make a one-time token for the device of a site\n"
    "\n"
    "The gateway on this machine:\n"
    "  status                 this node, its uplinks, NAT and registries\n"
    "  peers                  its tunnels\n"
    "  routes                 which subnet goes where, what is not used, and why\n"
    "  rules                  the firewall, and what each rule decided\n"
    "  explain SRC DST [PROTOCOL [PORT]]\n"
    "                         what becomes of such a packet, and why\n"
    "\n"
    "  --help, --version\n";

static const struct {
    const char *group; /* NULL: none */
    const char *word;
    int (*run)(int count, char **words);
} commands[] = {
    {"org", "init", command_init},       {"org", "check", command_check},
    {"org", "show", command_org_show},   {"org", "publish", command_publish},
    {"org", "rotate-key", command_rotate_key},
    {"org", "revoke", command_revoke},   {"org", "log", command_log},
    {NULL, "invite", command_invite},    {NULL, "status", command_show},
    {NULL, "peers", command_show},       {NULL, "routes", command_show},
    {NULL, "rules", command_show},       {NULL, "explain", command_explain},
};

static int wants_help(int count, char **words, int from)
{
    return count > from && (strcmp(words[from], "--help") == 0 || strcmp(words[from], "-h") == 0);
}

int main(int count, char **words)
{
    int is_org = count > 1 && strcmp(words[1], "org") == 0;
    int at = is_org ? 2 : 1;

    if (wants_help(count, words, at)) {
        fputs(help, stdout);
        return 0;
    }
    if (count > 1 && strcmp(words[1], "--version") == 0) {
        printf("autovpn %s\n", avpn_version());
        return 0;
    }
    for (size_t i = 0; count > at && i < sizeof commands / sizeof commands[0]; i++)
        if ((commands[i].group != NULL) == is_org && strcmp(commands[i].word, words[at]) == 0)
            return commands[i].run(count - at, words + at);
    if (count > at)
        fprintf(stderr, "autovpn: %s: no such command\n", words[at]);
    fputs(help, stderr);
    return 2;
}
