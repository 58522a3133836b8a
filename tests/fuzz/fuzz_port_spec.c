/* SPDX-License-Identifier: BSD-3-Clause */
/* What --port takes: any text. What EAL will be told has an end and is one argument. */
#include <errno.h>
#include <string.h>

#include <septet/runtime.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spt_port_spec spec;
	char error[64] = "", *text = fuzz_text(data, size);
	int rc;

	memset(&spec, 0xff, sizeof(spec));
	rc = spt_port_spec_parse(text, &spec, error, sizeof(error));
	EXPECT(rc == 0 || rc == -EINVAL);
	EXPECT(memchr(error, '\0', sizeof(error)) != NULL);
	if (rc == 0) {
		EXPECT(spec.kind <= SPT_PORT_MEMORY);
		EXPECT(memchr(spec.text, '\0', sizeof(spec.text)) != NULL);
		EXPECT(memchr(spec.device, '\0', sizeof(spec.device)) != NULL);
		EXPECT(memchr(spec.argument, '\0', sizeof(spec.argument)) != NULL);
		EXPECT(strcmp(spec.text, text) == 0);
	} else {
		EXPECT(error[0] != '\0');
	}
	free(text);
	return 0;
}
