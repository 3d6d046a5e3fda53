"""Builds a program against an installed tree without CMake: with pkg-config and a compiler alone, or with meson.

usage: pkg_config_test.py [--meson] COMPILER PROJECT (--prefix FOLDER | --cpack CPACK BUILD | --package FILE.deb)

The test moves the tree to a new folder first: an installed tree may stand anywhere. With --package dpkg installs
the Debian package into a new folder; with --cpack CPack makes this package first.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import tempfile


def installed(options, folder):
    """A copy of the installed tree, in `folder`."""
    moved = folder / "moved"
    if options.prefix:
        shutil.copytree(options.prefix, moved)
        return moved
    package = options.package
    if options.cpack:
        cpack, build = options.cpack
        subprocess.run([cpack, "-G", "DEB", "--config", f"{build}/CPackConfig.cmake", "-B", folder], check=True)
        package, = folder.glob("libmasterclock-dev_*_all.deb")
    # apt finds each dependency, and dpkg unpacks and configures the package.
    subprocess.run(["apt-get", "install", "--simulate", "--no-install-recommends", package.resolve()], check=True)
    database = moved / "var" / "lib" / "dpkg"
    (database / "updates").mkdir(parents=True)
    (database / "info").mkdir()
    (database / "status").touch()
    subprocess.run(["dpkg", f"--root={moved}", "--force-depends", "--force-not-root", "--force-script-chrootless",
                    "--log=/dev/null", "--install", package], check=True)
    depends = subprocess.run(["dpkg-deb", "--field", package, "Depends"], check=True, capture_output=True, text=True)
    assert depends.stdout.split() == ["libabsl-dev,", "tzdata"], depends.stdout
    return moved / "usr"


def build(options, environment, folder):
    """Builds the program. Returns its path."""
    if options.meson:
        environment["CXX"] = options.compiler
        subprocess.run(["meson", "setup", folder / "build", options.project], env=environment, check=True)
        subprocess.run(["meson", "compile", "-C", folder / "build"], env=environment, check=True)
        return folder / "build" / "playout"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "masterclock"], env=environment, check=True,
                           capture_output=True, text=True).stdout.split()
    sources = sorted(options.project.glob("*.cc"))
    program = folder / "playout"
    subprocess.run([options.compiler, "-std=c++20", *sources, "-o", program, *flags], check=True)
    return program


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("compiler")
    parser.add_argument("project", type=pathlib.Path)
    parser.add_argument("--meson", action="store_true")
    parser.add_argument("--prefix")
    parser.add_argument("--cpack", nargs=2)
    parser.add_argument("--package", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        tree = installed(options, folder)
        program = build(options, {**os.environ, "PKG_CONFIG_PATH": f"{tree}/share/pkgconfig"}, folder)
        subprocess.run([program], check=True)


if __name__ == "__main__":
    main()
