/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses as people write them. Errors are one line for the user. */
#ifndef SPT_APP_ADDRESS_H
#define SPT_APP_ADDRESS_H

#include <stddef.h>

#include <septet/septet.h>

/* Room for any address or endpoint as text. */
#define ADDRESS_TEXT 64

/* "10.0.0.1" or "fd00::1". 0 or -EINVAL. */
int address_parse(const char *text, struct spt_addr *address, char *error, size_t error_size);

/*
 * "10.0.0.1/24", "fd00::1/64", or a run "10.0.0.1-10.0.0.9/24". Unspecified,
 * loopback, multicast and broadcast addresses are refused. 0 or -EINVAL.
 */
int address_parse_local(const char *text, struct spt_local *local, char *error, size_t error_size);

/* "80", "10.0.0.1:80" or "[fd00::1]:80"; no address is the all-zero one. 0 or -EINVAL. */
int address_parse_endpoint(
    const char *text, struct spt_endpoint *endpoint, char *error, size_t error_size);

/* Has 'address' the first 'prefix' bits of 'network'? Both of one family. */
bool address_in_network(
    const struct spt_addr *address, const struct spt_addr *network, unsigned int prefix);

/* Why no host can have 'address', in words that follow "is"; NULL: one can. */
const char *address_unfit(const struct spt_addr *address, unsigned int prefix);

/* Is 'address' one of the run? */
bool address_in_run(const struct spt_addr *address, const struct spt_local *local);

/* "10.0.0.1", "10.0.0.1:80", "[fd00::1]:80", "*:80"; returns 'text'. */
const char *address_text(const struct spt_addr *address, char text[ADDRESS_TEXT]);
const char *address_endpoint_text(const struct spt_endpoint *endpoint, char text[ADDRESS_TEXT]);

/* "10.0.0.1/24", "10.0.0.1-10.0.0.9/24". */
const char *address_local_text(const struct spt_local *local, char text[2 * ADDRESS_TEXT]);

#endif
