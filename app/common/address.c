/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses as people write them. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "common/address.h"

#define RUN_MAX 65535 /* as the engine's contract: struct spt_local */

int
address_parse(const char *text, struct spt_addr *address, char *error, size_t error_size)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*address = addr_from_v4(v4.s_addr);
		return 0;
	}
	/* A mapped address is IPv4's own form inside: not to be had from the wire. */
	if (inet_pton(AF_INET6, text, address->b) == 1 && !addr_is_v4(address))
		return 0;
	snprintf(error, error_size,
	    "'%s' is no IP address: expected IPv4 or IPv6, such as 10.0.0.1 or fd00::1", text);
	return -EINVAL;
}

/* The last 64 bits as a number: runs are shorter than 2^16. */
static uint64_t
address_low(const struct spt_addr *a)
{
	return addr_is_v4(a) ? rte_be_to_cpu_32(addr_v4(a)) : rte_be_to_cpu_64(a->q[1]);
}

static struct spt_addr
address_add(const struct spt_addr *a, uint32_t n)
{
	struct spt_addr sum = *a;

	if (addr_is_v4(a))
		sum.w[3] = rte_cpu_to_be_32(rte_be_to_cpu_32(addr_v4(a)) + n);
	else
		sum.q[1] = rte_cpu_to_be_64(rte_be_to_cpu_64(a->q[1]) + n);
	return sum;
}

const char *
address_unfit(const struct spt_addr *a, unsigned int prefix)
{
	static const struct spt_addr v6_loopback = {.b = {[15] = 1}};
	uint32_t v4, host;

	if (!addr_is_v4(a)) {
		if (addr_is_zero(a))
			return "the unspecified address";
		if (addr_eq(a, &v6_loopback))
			return "the loopback address";
		return a->b[0] == 0xff ? "a multicast address" : NULL;
	}
	v4 = rte_be_to_cpu_32(addr_v4(a));
	if (v4 >> 24 == 0)
		return "in 0.0.0.0/8, which no host may have";
	if (v4 >> 24 == 127)
		return "a loopback address";
	if (v4 >> 28 == 0xe)
		return "a multicast address";
	if (v4 == UINT32_MAX)
		return "the broadcast address";
	if (prefix > 30)
		return NULL; /* RFC 3021: both are hosts */
	host = UINT32_MAX >> prefix;
	if ((v4 & host) == 0)
		return "its network's own address";
	return (v4 & host) == host ? "its network's broadcast address" : NULL;
}

bool
address_in_network(
    const struct spt_addr *address, const struct spt_addr *network, unsigned int prefix)
{
	unsigned int bits = prefix + (addr_is_v4(network) ? 96 : 0), at = 0;
	const uint8_t *a = address->b, *b = network->b;

	while (at < bits / 8 && a[at] == b[at])
		at++;
	return at == bits / 8 && (bits % 8 == 0 || (a[at] ^ b[at]) >> (8 - bits % 8) == 0);
}

/* The count of a run, both ends included. */
static int
address_count(const char *text, const struct spt_addr *first, const struct spt_addr *last,
    unsigned int prefix, uint32_t *count, char *error, size_t error_size)
{
	bool same = addr_is_v4(first) == addr_is_v4(last) && first->q[0] == last->q[0] &&
	            address_in_network(last, first, prefix);

	if (!same || address_low(last) < address_low(first)) {
		snprintf(error, error_size,
		    "'%s' is no run: expected FIRST-LAST/PREFIX, upwards in one network, such as "
		    "10.0.0.1-10.0.0.9/24",
		    text);
		return -EINVAL;
	}
	if (address_low(last) - address_low(first) >= RUN_MAX) {
		snprintf(error, error_size,
		    "'%s' is too long a run: expected at most %d addresses, shorten it", text,
		    RUN_MAX);
		return -EINVAL;
	}
	*count = (uint32_t)(address_low(last) - address_low(first)) + 1;
	return 0;
}

static int
address_prefix(const char *text, const char *slash, const struct spt_addr *first, uint8_t *prefix,
    char *error, size_t error_size)
{
	unsigned int most = addr_is_v4(first) ? 32 : 128;
	unsigned long value = most + 1;
	char *end = NULL;

	if (slash && isdigit((unsigned char)slash[1]))
		value = strtoul(slash + 1, &end, 10);
	if (end && *end == '\0' && value >= 1 && value <= most) {
		*prefix = (uint8_t)value;
		return 0;
	}
	snprintf(error, error_size,
	    "'%s' has no prefix length that fits: expected ADDRESS/PREFIX, a prefix from 1 to %u, "
	    "such as %s",
	    text, most, addr_is_v4(first) ? "10.0.0.1/24" : "fd00::1/64");
	return -EINVAL;
}

int
address_parse_local(const char *text, struct spt_local *local, char *error, size_t error_size)
{
	char first[ADDRESS_TEXT * 2], *slash, *dash;
	struct spt_addr last;
	const char *unfit;
	int rc;

	memset(local, 0, sizeof(*local));
	if (strlen(text) >= sizeof(first)) {
		snprintf(error, error_size,
		    "'%.40s...' is too long for an address: expected one such as 10.0.0.1/24",
		    text);
		return -EINVAL;
	}
	memcpy(first, text, strlen(text) + 1);
	slash = strchr(first, '/');
	if (slash)
		*slash = '\0';
	dash = strchr(first, '-');
	if (dash)
		*dash = '\0';
	rc = address_parse(first, &local->first, error, error_size);
	if (rc == 0)
		rc = address_prefix(text, slash, &local->first, &local->prefix, error, error_size);
	last = local->first;
	if (rc == 0 && dash)
		rc = address_parse(dash + 1, &last, error, error_size);
	if (rc == 0)
		rc = address_count(
		    text, &local->first, &last, local->prefix, &local->count, error, error_size);
	if (rc)
		return rc;
	unfit = address_unfit(&local->first, local->prefix);
	if (!unfit)
		unfit = address_unfit(&last, local->prefix);
	if (!unfit)
		return 0;
	snprintf(error, error_size, "'%s' is %s: expected a host's address, such as %s", text,
	    unfit, addr_is_v4(&local->first) ? "10.0.0.1/24" : "fd00::1/64");
	return -EINVAL;
}

int
address_parse_endpoint(
    const char *text, struct spt_endpoint *endpoint, char *error, size_t error_size)
{
	bool brackets = text[0] == '[';
	const char *end = brackets ? strstr(text, "]:") : strrchr(text, ':');
	const char *port = end ? end + (brackets ? 2 : 1) : text;
	char address[ADDRESS_TEXT] = "";
	unsigned long value = 0;
	int length = end ? (int)(end - text) - brackets : 0;

	memset(endpoint, 0, sizeof(*endpoint));
	if (length < ADDRESS_TEXT)
		snprintf(address, sizeof(address), "%.*s", length, text + brackets);
	if (strlen(port) <= 5 && strspn(port, "0123456789") == strlen(port))
		value = strtoul(port, NULL, 10);
	if (value < 1 || value > UINT16_MAX || (end && !address[0]) ||
	    brackets != !!strchr(address, ':')) {
		snprintf(error, error_size,
		    "'%s' has no port that can be: expected PORT, ADDRESS:PORT or [IPV6]:PORT, a "
		    "port from 1 to 65535, such as 10.0.0.2:80",
		    text);
		return -EINVAL;
	}
	endpoint->port = (uint16_t)value;
	return end ? address_parse(address, &endpoint->addr, error, error_size) : 0;
}

bool
address_in_run(const struct spt_addr *address, const struct spt_local *local)
{
	if (addr_is_v4(address) != addr_is_v4(&local->first) || address->q[0] != local->first.q[0])
		return false;
	return address_low(address) - address_low(&local->first) < local->count;
}

const char *
address_text(const struct spt_addr *address, char text[ADDRESS_TEXT])
{
	if (addr_is_v4(address))
		inet_ntop(AF_INET, &address->w[3], text, ADDRESS_TEXT);
	else
		inet_ntop(AF_INET6, address->b, text, ADDRESS_TEXT);
	return text;
}

const char *
address_endpoint_text(const struct spt_endpoint *endpoint, char text[ADDRESS_TEXT])
{
	char address[ADDRESS_TEXT] = "*";

	if (!addr_is_zero(&endpoint->addr))
		address_text(&endpoint->addr, address);
	/* The longest address is 45 characters: both always fit. */
	snprintf(text, ADDRESS_TEXT, strchr(address, ':') ? "[%.50s]:%u" : "%.50s:%u", address,
	    endpoint->port);
	return text;
}

const char *
address_local_text(const struct spt_local *local, char text[2 * ADDRESS_TEXT])
{
	struct spt_addr end = address_add(&local->first, local->count - 1);
	char first[ADDRESS_TEXT], last[ADDRESS_TEXT];

	address_text(&local->first, first);
	if (local->count > 1)
		snprintf(text, (size_t)2 * ADDRESS_TEXT, "%.50s-%.50s/%u", first,
		    address_text(&end, last), local->prefix);
	else
		snprintf(text, (size_t)2 * ADDRESS_TEXT, "%.50s/%u", first, local->prefix);
	return text;
}
