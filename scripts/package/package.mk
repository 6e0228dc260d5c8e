# The part of the Makefile that packs libremap up. Included there: paths are from the top.

.PHONY: dist deb rpm bundle

##@ Packing

RELEASE := libremap-$(VERSION)
DIST    := $(O)/$(RELEASE).tar.gz
# dpkg-buildpackage and rpmbuild run a make of their own, with what they set themselves.
apart   := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL
RPMBUILD ?= rpmbuild
# The time of the files in archives: that of the commit, which the files of a tarball have, too.
EPOCH     = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y Makefile))

dist: $(DIST) ## make the tarball of what is committed, in the folder of the build

# Without git, it must be there already.
ifneq ($(wildcard .git),)
$(DIST): FORCE
endif
$(DIST):
	@mkdir -p $(@D)
	$(call say,tar)
	@git diff --quiet HEAD || echo 'the tarball is without what is not committed' >&2
	$(Q)git -c tar.umask=0022 archive --format=tar --prefix=$(RELEASE)/ HEAD > $@.tar
	$(Q)gzip -9n < $@.tar > $@ && rm $@.tar

deb: $(DIST) ## make the packages of Debian, in deb (needs debhelper)
	rm -rf $(O)/deb
	mkdir -p $(O)/deb
	cp $(DIST) $(O)/deb/libremap_$(VERSION).orig.tar.gz
	tar -C $(O)/deb -xf $(DIST)
	mv $(O)/deb/$(RELEASE)/scripts/package/debian $(O)/deb/$(RELEASE)/debian
	cd $(O)/deb/$(RELEASE) && $(apart) dpkg-buildpackage -us -uc

rpm: $(DIST) ## make the packages of Fedora and its kin, in rpm (RPMBUILD='rpmbuild --nodeps')
	rm -rf $(O)/rpm
	mkdir -p $(O)/rpm
	$(apart) $(RPMBUILD) -ba --define '_topdir $(abspath $(O))/rpm' --define '_sourcedir $(abspath $(O))' scripts/package/rpm/libremap.spec

# The command is linked so that it needs nothing but libc. It finds the rest relative to itself, so the
# folder runs from anywhere, on each libc that is at least as new as that of the machine it was made on.
BUNDLE      = $(RELEASE)-linux-$(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
BUNDLE_LIBS = -Wl,-Bstatic $(REMAP_LIBS) -Wl,-Bdynamic
# What is linked in has licences of its own.
LICENCES    = $(wildcard $(foreach lib,libjansson libseccomp,/usr/share/doc/$(lib)-dev/copyright))
# Where loaders look for $LIB/libremap.so: on Debian, on Fedora and on Arch. Fedora's name for those of 32 bits is taken.
bundle_both = $(MAKE) --no-print-directory -s O=$(O)/bundle/build32 CC='$(CC) -m32' $(O)/bundle/build32/libremap.so && \
	for folder in lib/i386-linux-gnu lib32; do \
		install -D -m 755 $(O)/bundle/build32/libremap.so $(O)/bundle/$(BUNDLE)/$$folder/libremap.so; done && \
	for folder in lib/x86_64-linux-gnu lib64; do \
		install -D -m 755 $(O)/bundle/build/libremap.so $(O)/bundle/$(BUNDLE)/$$folder/libremap.so; done
bundle: ## make an archive that runs from wherever it is unpacked (needs static libraries)
	rm -rf $(O)/bundle
	$(MAKE) --no-print-directory -s O=$(O)/bundle/build REMAP_LIBS='$(BUNDLE_LIBS)' PREFIX=/usr/local \
		DESTDIR=$(abspath $(O))/bundle install
	mv $(O)/bundle/usr/local $(O)/bundle/$(BUNDLE)
	+@if echo 'int main(void) { return 0; }' | $(CC) -m32 -x c -o /dev/null - 2>/dev/null; then $(bundle_both); else \
		echo 'the bundle is without a library for 32-bit programs: the compiler makes none' >&2; fi
	cd $(O)/bundle/$(BUNDLE) && strip --strip-unneeded bin/remap $$(find . -name libremap.so)
	for file in LICENSE $(LICENCES); do install -D -m 644 $$file \
		$(O)/bundle/$(BUNDLE)/share/doc/libremap/$$(echo $$file | sed 's|.*/\(.*\)-dev/|\1.|'); done
	tar -C $(O)/bundle --sort=name --owner=0 --group=0 --numeric-owner --mode=go=rX --mtime=@$(EPOCH) -cf - $(BUNDLE) | \
		gzip -9n > $(O)/$(BUNDLE).tar.gz
	@cd $(O)/bundle/$(BUNDLE) && echo "$(O)/$(BUNDLE).tar.gz needs glibc $$(objdump -T bin/remap $$(find . -name libremap.so) | \
		sed -n 's/.*GLIBC_\([0-9.]*\).*/\1/p' | sort -V | tail -n 1)"
