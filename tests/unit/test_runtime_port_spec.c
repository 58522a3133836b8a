/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports by name: the device that EAL makes of each, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/core.h"

static const struct {
	const char *text;
	const char *name;     /* at position 0; NULL: refused */
	const char *argument; /* behind it */
	const char *device;
	bool virtual_port;
} cases[] = {
    {"tap:sept0", "net_tap0", ",iface=sept0", "sept0", true},
    {"af_packet:veth1", "net_af_packet0", ",iface=veth1,qdisc_bypass=1", "veth1", true},
    {"af_xdp:veth1", "net_af_xdp0", ",iface=veth1,start_queue=0,queue_count=1,busy_budget=0",
        "veth1", true},
    {"memif:/tmp/m.sock", "net_memif0",
        ",socket=/tmp/m.sock,socket-abstract=no,rsize=11,role=client", "/tmp/m.sock", true},
    {"memif:/tmp/m.sock,role=server", "net_memif0",
        ",socket=/tmp/m.sock,socket-abstract=no,rsize=11,role=server", "/tmp/m.sock", true},
    {"vhost:/tmp/v.sock", "net_vhost0", ",iface=/tmp/v.sock,queues=1", "/tmp/v.sock", true},
    {"virtio_user:/tmp/v.sock,packed_vq=1", "net_virtio_user0",
        ",path=/tmp/v.sock,queues=1,queue_size=1024,packed_vq=1", "/tmp/v.sock", true},
    {"pci:0000:03:00.0", "0000:03:00.0", "", "0000:03:00.0", false},
    {"pci:03:00.1", "0000:03:00.1", "", "0000:03:00.1", false},
    {"pci:3:0.1,mac=1", "0000:03:00.1", ",mac=1", "0000:03:00.1", false},
    {"pci:0000:AF:00.0", "0000:af:00.0", "", "0000:af:00.0", false},
    {"vdev:net_null0,size=64", "net_null0", ",size=64", "net_null0", true},
    {"memory", "", "", "", true},
    {"memory:", NULL, NULL, NULL, false},
    {"memory:0", NULL, NULL, NULL, false},
    {"Memory", NULL, NULL, NULL, false},
    {"", NULL, NULL, NULL, false},
    {"tap", NULL, NULL, NULL, false},
    {"tap:", NULL, NULL, NULL, false},
    {"tap:a name", NULL, NULL, NULL, false},
    {"tap:a,b", NULL, NULL, NULL, false},
    {"tap:a/b", NULL, NULL, NULL, false},
    {"tap:sixteen-letters-", NULL, NULL, NULL, false},
    {"Tap:sept0", NULL, NULL, NULL, false},
    {"tapp:sept0", NULL, NULL, NULL, false},
    {":sept0", NULL, NULL, NULL, false},
    {"memif:,role=server", NULL, NULL, NULL, false},
    {"memif:m.sock,role=server", NULL, NULL, NULL, false},
    {"pci:eth0", NULL, NULL, NULL, false},
    {"pci:03:00.0x", NULL, NULL, NULL, false},
    {"vdev:", NULL, NULL, NULL, false},
};

static void
test_parse(void **state)
{
	char error[256], name[SPEC_NAME];
	struct spt_port_spec spec;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = spt_port_spec_parse(cases[i].text, &spec, error, sizeof(error));

		if ((rc == 0) != (cases[i].name != NULL))
			fail_msg("'%s' gave %d", cases[i].text, rc);
		if (rc) {
			assert_null(strchr(error, '\n'));
			continue;
		}
		assert_string_equal(spec.text, cases[i].text);
		port_spec_name(&spec, 0, name);
		assert_string_equal(name, cases[i].name);
		assert_string_equal(spec.argument, cases[i].argument);
		assert_string_equal(spec.device, cases[i].device);
		assert_int_equal(spec.virtual_port, cases[i].virtual_port);
	}
}

/* Where DPDK's device has no name of its own it is told from others by the position. */
static void
test_position(void **state)
{
	char error[256], name[SPEC_NAME];
	struct spt_port_spec spec;

	assert_int_equal(spt_port_spec_parse("tap:a", &spec, error, sizeof(error)), 0);
	port_spec_name(&spec, 7, name);
	assert_string_equal(name, "net_tap7");
	assert_int_equal(spt_port_spec_parse("vdev:net_null3", &spec, error, sizeof(error)), 0);
	port_spec_name(&spec, 7, name);
	assert_string_equal(name, "net_null3");
	assert_int_equal(spt_port_spec_parse("pci:03:00.1", &spec, error, sizeof(error)), 0);
	port_spec_name(&spec, 7, name);
	assert_string_equal(name, "0000:03:00.1");
}

/* Too long for any of the places where it goes. */
static void
test_long(void **state)
{
	struct spt_port_spec spec;
	char text[512], error[256];

	for (size_t n = 1; n < sizeof(text) - 16; n++) {
		int rc;

		snprintf(text, sizeof(text), "vdev:%0*d", (int)n, 0);
		rc = spt_port_spec_parse(text, &spec, error, sizeof(error));
		if (n < 64)
			assert_int_equal(rc, 0);
		else
			assert_int_equal(rc, -EINVAL);
	}
}

static void
check(const char *text, int want, const char *says)
{
	struct spt_port_spec spec;
	char error[256] = "";
	int rc;

	assert_int_equal(spt_port_spec_parse(text, &spec, error, sizeof(error)), 0);
	rc = spt_port_spec_check(&spec, error, sizeof(error));
	assert_int_equal(rc, want);
	if (says && !strstr(error, says))
		fail_msg("'%s'", error);
}

static void
test_check(void **state)
{
	check("vdev:net_null0", 0, NULL);
	check("memif:/tmp/spt-test.sock,role=server", 0, NULL);
	check("memif:/nowhere/at/all/m.sock,role=server", -ENODEV, "/nowhere/at/all");
	check("memif:/nowhere/m.sock", -ENODEV, "start the side with role=server first");
	check("virtio_user:/nowhere/v.sock", -ENODEV, "start the vhost side first");
	check("pci:ffff:ff:1f.7", -ENODEV, "lspci");
	check("vhost:/tmp/sixty-three-letters-are-all-that-the-device-may-have.sock", 0, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_position),
	    cmocka_unit_test(test_long),
	    cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
