/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses, runs of them and endpoints as people write them: any text. What is taken can be
 * written and read again.
 */
#include <errno.h>
#include <string.h>

#include <base/addr.h>
#include <common/address.h>

#include "fuzz.h"

static char error[48];

static void
refused(int rc)
{
	EXPECT(rc == -EINVAL);
	EXPECT(memchr(error, '\0', sizeof(error)) != NULL);
	EXPECT(error[0] != '\0');
}

static void
try_address(const char *text)
{
	struct spt_addr a, again;
	char written[ADDRESS_TEXT];
	int rc = address_parse(text, &a, error, sizeof(error));

	if (rc != 0) {
		refused(rc);
		return;
	}
	EXPECT(address_text(&a, written) == written);
	EXPECT(address_parse(written, &again, error, sizeof(error)) == 0);
	EXPECT(addr_eq(&a, &again));
	EXPECT(address_in_network(&a, &again, addr_is_v4(&a) ? 32 : 128));
}

static void
try_endpoint(const char *text)
{
	struct spt_endpoint e, again;
	char written[ADDRESS_TEXT];
	int rc = address_parse_endpoint(text, &e, error, sizeof(error));

	if (rc != 0) {
		refused(rc);
		return;
	}
	EXPECT(e.port != 0);
	address_endpoint_text(&e, written);
	if (addr_is_zero(&e.addr)) {
		EXPECT(written[0] == '*');
		return;
	}
	EXPECT(address_parse_endpoint(written, &again, error, sizeof(error)) == 0);
	EXPECT(addr_eq(&e.addr, &again.addr) && e.port == again.port);
}

static void
try_local(const char *text)
{
	struct spt_local l, again;
	char written[2 * ADDRESS_TEXT];
	int rc = address_parse_local(text, &l, error, sizeof(error));

	if (rc != 0) {
		refused(rc);
		return;
	}
	EXPECT(l.count >= 1 && l.count <= 65535);
	EXPECT(l.prefix <= (addr_is_v4(&l.first) ? 32 : 128));
	EXPECT(address_unfit(&l.first, l.prefix) == NULL);
	EXPECT(address_in_run(&l.first, &l));
	address_local_text(&l, written);
	EXPECT(address_parse_local(written, &again, error, sizeof(error)) == 0);
	EXPECT(
	    addr_eq(&l.first, &again.first) && l.count == again.count && l.prefix == again.prefix);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	try_address(text);
	try_endpoint(text);
	try_local(text);
	free(text);
	return 0;
}
