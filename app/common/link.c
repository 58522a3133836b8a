/* SPDX-License-Identifier: BSD-3-Clause */
/* The link as the command line tells it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/addr.h"
#include "common/address.h"
#include "common/link.h"

int
link_parse_gateway(const char *value, struct spt_config *config, char *error, size_t error_size)
{
	struct spt_addr address, *gateway;
	int rc = address_parse(value, &address, error, error_size);

	if (rc)
		return rc;
	if (addr_is_zero(&address)) {
		snprintf(error, error_size,
		    "'%s' is no router's address: expected one like 10.0.0.1", value);
		return -EINVAL;
	}
	gateway = addr_is_v4(&address) ? &config->gateway4 : &config->gateway6;
	if (!addr_is_zero(gateway)) {
		snprintf(error, error_size, "at most one for each of IPv4 and IPv6");
		return -EINVAL;
	}
	*gateway = address;
	return 0;
}

/* A gateway that is on no link of ours would never be reached. */
static int
link_check_gateway(const struct spt_local *local, unsigned int n, const struct spt_addr *gateway,
    char *error, size_t error_size)
{
	const char *unfit = NULL;
	char text[ADDRESS_TEXT];
	bool on_link = false;

	if (addr_is_zero(gateway))
		return 0;
	for (unsigned int i = 0; i < n && !unfit; i++) {
		if (addr_is_v4(&local[i].first) != addr_is_v4(gateway) ||
		    !address_in_network(gateway, &local[i].first, local[i].prefix))
			continue;
		on_link = true;
		unfit = address_in_run(gateway, &local[i])
		            ? "one of our own addresses"
		            : address_unfit(gateway, local[i].prefix);
	}
	if (unfit) {
		snprintf(error, error_size, "--gateway %s is %s: expected the router's address",
		    address_text(gateway, text), unfit);
		return -EINVAL;
	}
	if (on_link)
		return 0;
	/* A router's link-local address is on every link. */
	if (!addr_is_v4(gateway) && gateway->b[0] == 0xfe && (gateway->b[1] & 0xc0) == 0x80)
		return 0;
	snprintf(error, error_size,
	    "--gateway %s is in no network of --address: it could not be reached",
	    address_text(gateway, text));
	return -EINVAL;
}

static int
link_check_locals(const struct spt_local *local, unsigned int n, char *error, size_t error_size)
{
	char text[2 * ADDRESS_TEXT];
	uint32_t total = 0;

	for (unsigned int i = 0; i < n; i++) {
		total += local[i].count;
		for (unsigned int j = 0; j < i; j++) {
			if (!address_in_run(&local[i].first, &local[j]) &&
			    !address_in_run(&local[j].first, &local[i]))
				continue;
			snprintf(error, error_size, "--address %s: given before",
			    address_local_text(&local[i], text));
			return -EINVAL;
		}
	}
	if (total <= LINK_ADDRESSES_MAX)
		return 0;
	snprintf(error, error_size, "--address: %" PRIu32 " addresses, at most %d in all", total,
	    LINK_ADDRESSES_MAX);
	return -EINVAL;
}

int
link_check(const struct spt_local *local, unsigned int n, const struct spt_config *config,
    char *error, size_t error_size)
{
	int rc = link_check_locals(local, n, error, error_size);

	if (rc == 0)
		rc = link_check_gateway(local, n, &config->gateway4, error, error_size);
	return rc ? rc : link_check_gateway(local, n, &config->gateway6, error, error_size);
}
