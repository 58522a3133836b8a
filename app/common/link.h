/* SPDX-License-Identifier: BSD-3-Clause */
/* What every subcommand checks of the link it is given: our addresses and the router. */
#ifndef SPT_APP_LINK_H
#define SPT_APP_LINK_H

#include <stddef.h>

#include <septet/septet.h>

#define LINK_ADDRESSES_MAX 65535 /* as the engine's contract: struct spt_local */

/* Into the gateway of its family, which must not have one yet. 0 or -EINVAL. */
int link_parse_gateway(
    const char *value, struct spt_config *config, char *error, size_t error_size);

/*
 * No address is given twice, there are not too many, and each gateway of 'config' can be reached
 * and is somebody else. 0, or -EINVAL with one line that names the option.
 */
int link_check(const struct spt_local *local, unsigned int n, const struct spt_config *config,
    char *error, size_t error_size);

#endif
