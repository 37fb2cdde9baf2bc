/* SPDX-License-Identifier: ISC */
/*
 * command: the words of the command line. Each takes its own arguments, words[0] being its
 * name, and returns the exit status: 0 done, 1 failed, 2 bad usage or configuration.
 */
#ifndef ADMIN_COMMAND_H
#define ADMIN_COMMAND_H

int command_init(int count, char **words);
int command_check(int count, char **words);
int command_org_show(int count, char **words);
int command_publish(int count, char **words);
int command_rotate_key(int count, char **words);
int command_revoke(int count, char **words);
int command_log(int count, char **words);
int command_invite(int count, char **words);
int command_show(int count, char **words); /* status, peers, routes, rules */
int command_explain(int count, char **words);

#endif
