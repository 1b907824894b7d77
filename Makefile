# SPDX-License-Identifier: Apache-2.0
# A thin front of meson: two build directories, and the commands that people and machines type. Plain `make` installs
# nothing. PREFIX and DESTDIR are for `make install`.
PREFIX ?= /usr/local
MESON ?= meson
NINJA ?= ninja
BUILD := build
# The programs as found first: another python3 before Debian's in PATH does not know Debian's meson.
export PATH := /usr/bin:/usr/sbin:/bin:/sbin:$(PATH)

all: programs

programs: $(BUILD)/native/build.ninja $(BUILD)/musl/build.ninja
	$(NINJA) -C $(BUILD)/native
	$(NINJA) -C $(BUILD)/musl
	ln -sf musl/bulkhead $(BUILD)/bulkhead
	ln -sf ../native/bulkhead-observe ../native/bulkhead-unpack $(BUILD)/musl/
	ln -sf musl/bulkhead-oci $(BUILD)/bulkhead-oci

$(BUILD)/native/build.ninja:
	$(MESON) setup --prefix $(PREFIX) $(BUILD)/native

# What the cross file says is read once: a changed one needs a new directory.
$(BUILD)/musl/build.ninja: tools/musl.cross
	$(MESON) setup $(if $(wildcard $@),--wipe) --prefix $(PREFIX) --cross-file tools/musl.cross $(BUILD)/musl

$(BUILD)/replay/build.ninja:
	$(MESON) setup -Db_sanitize=address,undefined -Dwerror=false -Db_lundef=false -Dtests=disabled -Dfuzz=replay $(BUILD)/replay

$(BUILD)/fuzz/build.ninja:
	CC=clang $(MESON) setup -Db_sanitize=address,undefined -Dwerror=false -Db_lundef=false -Dtests=disabled -Dfuzz=libfuzzer \
		$(BUILD)/fuzz

replay: $(BUILD)/replay/build.ninja
	$(NINJA) -C $(BUILD)/replay

deps:
	tools/deps build

demo: deps
	$(MAKE) programs
	demo/run

check:
	tools/deps build test
	$(MAKE) programs replay
	tests/run

check-long:
	tools/deps build test
	$(MAKE) programs replay
	tests/run --long

# Each defence that tests/escape attacks, taken out of a copy: its test must fail there. A part of check-long.
bite:
	tools/deps build test
	$(MAKE) programs
	tests/escape/bite

bench:
	tools/deps build bench
	$(MAKE) programs
	bench/run
	bench/explain --write

# What sandboxes leave within reach, into docs/reach.md.
reach:
	tools/deps build bench
	$(MAKE) programs
	bench/reach --write

# What learning costs a program, into docs/learn.md.
learning:
	tools/deps build test bench
	$(MAKE) programs
	bench/learn --write

# Each target for FUZZ_SECONDS, from its corpus; needs clang.
FUZZ_SECONDS ?= 60
fuzz:
	tools/deps build fuzz
	$(MAKE) $(BUILD)/fuzz/build.ninja
	$(NINJA) -C $(BUILD)/fuzz
	tests/fuzz/run $(FUZZ_SECONDS)

style: programs
	tests/run style

install: programs
	$(MESON) configure $(BUILD)/native --prefix $(PREFIX)
	$(MESON) configure $(BUILD)/musl --prefix $(PREFIX)
	DESTDIR=$(DESTDIR) $(MESON) install --strip -C $(BUILD)/native
	DESTDIR=$(DESTDIR) $(MESON) install --strip -C $(BUILD)/musl

clean:
	rm -rf $(BUILD)

.PHONY: all programs replay deps demo check check-long bite bench reach learning fuzz style install clean
