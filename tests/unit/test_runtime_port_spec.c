/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports by name: the device string that EAL gets, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <septet/runtime.h>

static const struct {
	const char *text;
	const char *argument; /* NULL: refused */
	const char *device;
	bool virtual_port;
} cases[] = {
    {"tap:sept0", "--vdev=net_tap0,iface=sept0", "sept0", true},
    {"af_packet:veth1", "--vdev=net_af_packet0,iface=veth1,qdisc_bypass=1", "veth1", true},
    {"af_xdp:veth1", "--vdev=net_af_xdp0,iface=veth1,start_queue=0,queue_count=1,busy_budget=0",
        "veth1", true},
    {"memif:/tmp/m.sock",
        "--vdev=net_memif0,socket=/tmp/m.sock,socket-abstract=no,rsize=11,role=client",
        "/tmp/m.sock", true},
    {"memif:/tmp/m.sock,role=server",
        "--vdev=net_memif0,socket=/tmp/m.sock,socket-abstract=no,rsize=11,role=server",
        "/tmp/m.sock", true},
    {"vhost:/tmp/v.sock", "--vdev=net_vhost0,iface=/tmp/v.sock,queues=1", "/tmp/v.sock", true},
    {"virtio_user:/tmp/v.sock,packed_vq=1",
        "--vdev=net_virtio_user0,path=/tmp/v.sock,queues=1,queue_size=1024,packed_vq=1",
        "/tmp/v.sock", true},
    {"pci:0000:03:00.0", "0000:03:00.0", "0000:03:00.0", false},
    {"pci:03:00.1", "03:00.1", "03:00.1", false},
    {"vdev:net_null0,size=64", "--vdev=net_null0,size=64", "net_null0", true},
    {"memory", "", "", true},
    {"memory:", NULL, NULL, false},
    {"memory:0", NULL, NULL, false},
    {"Memory", NULL, NULL, false},
    {"", NULL, NULL, false},
    {"tap", NULL, NULL, false},
    {"tap:", NULL, NULL, false},
    {"tap:a name", NULL, NULL, false},
    {"tap:a,b", NULL, NULL, false},
    {"tap:a/b", NULL, NULL, false},
    {"tap:sixteen-letters-", NULL, NULL, false},
    {"Tap:sept0", NULL, NULL, false},
    {"tapp:sept0", NULL, NULL, false},
    {":sept0", NULL, NULL, false},
    {"memif:,role=server", NULL, NULL, false},
    {"memif:m.sock,role=server", NULL, NULL, false},
    {"pci:eth0", NULL, NULL, false},
    {"pci:03:00.0x", NULL, NULL, false},
    {"vdev:", NULL, NULL, false},
};

static void
test_parse(void **state)
{
	struct spt_port_spec spec;
	char error[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = spt_port_spec_parse(cases[i].text, &spec, error, sizeof(error));

		if ((rc == 0) != (cases[i].argument != NULL))
			fail_msg("'%s' gave %d", cases[i].text, rc);
		if (rc) {
			assert_null(strchr(error, '\n'));
			continue;
		}
		assert_string_equal(spec.text, cases[i].text);
		assert_string_equal(spec.argument, cases[i].argument);
		assert_string_equal(spec.device, cases[i].device);
		assert_int_equal(spec.virtual_port, cases[i].virtual_port);
	}
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
	    cmocka_unit_test(test_long),
	    cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
