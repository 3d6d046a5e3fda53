"""Builds a program against an installed tree without CMake: with pkg-config and a compiler alone, or with meson.

usage: pkg_config_test.py [--meson] COMPILER PROJECT (--prefix FOLDER | --package CPACK BUILD)

The test moves the tree to a new folder first: an installed tree may stand anywhere. With --package the tree is
that of the Debian package which CPack makes.
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
    cpack, build = options.package
    subprocess.run([cpack, "-G", "DEB", "--config", f"{build}/CPackConfig.cmake", "-B", folder], check=True)
    package, = folder.glob("libmasterclock-dev_*_all.deb")
    depends = subprocess.run(["dpkg-deb", "--field", package, "Depends"], check=True, capture_output=True, text=True)
    assert "libabsl-dev" in depends.stdout, depends.stdout
    subprocess.run(["dpkg-deb", "--extract", package, moved], check=True)
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
    parser.add_argument("--package", nargs=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        tree = installed(options, folder)
        program = build(options, {**os.environ, "PKG_CONFIG_PATH": f"{tree}/share/pkgconfig"}, folder)
        subprocess.run([program], check=True)


if __name__ == "__main__":
    main()
