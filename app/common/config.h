/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration file: sections named after the subcommands, keys named after their options.
 * DPDK's rte_cfgfile reads it (with malloc alone, so before EAL starts). That library cuts what is
 * too long, passes over what it does not understand and tells no line numbers; so every line is
 * looked at before, and a file that it would not take as it stands is refused.
 */
#ifndef SPT_APP_CONFIG_H
#define SPT_APP_CONFIG_H

#include <stddef.h>

#include <rte_cfgfile.h>

#define CONFIG_LINE_MAX 320 /* of the library's buffer, which has room for a name and a value */

struct config_entry {
	struct rte_cfgfile_entry e;
	unsigned int line;
};

/* What a section says, in the order of the file. */
struct config {
	unsigned int n;
	struct config_entry entry[];
};

/*
 * The section of a subcommand, for free(). 0, or a negative errno with one line in 'error' that
 * begins with the path. A file without that section is an error.
 */
int config_load(
    const char *path, const char *section, struct config **config, char *error, size_t error_size);

#endif
