/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL's start as a program wants it: DPDK prints nothing unless it started or was asked to. */
#ifndef SPT_APP_START_H
#define SPT_APP_START_H

#include <septet/runtime.h>

/*
 * spt_eal_start for the subcommand of that name. What EAL prints meanwhile goes to stderr when it
 * started; else the first line of it is in 'error'. 0 or a negative errno.
 */
int start_eal(const char *command, const struct spt_eal_config *config, struct spt_eal_info *info,
    char *error, size_t error_size);

#endif
