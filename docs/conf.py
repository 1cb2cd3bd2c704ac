"""Sphinx configuration. `make docs` treats warnings as errors and needs no network."""

import os

from sklearn_ext import __version__

os.environ["MPLBACKEND"] = "Agg"

project = "sklearn_ext"
copyright = "the sklearn_ext developers"
version = release = __version__

extensions = [
    "myst_parser",  # for CHANGELOG.md
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
# The inventories of other projects are on the network: links to them are optional.
if os.environ.get("DOCS_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "numpy": ("https://numpy.org/doc/stable", None),
        "pandas": ("https://pandas.pydata.org/docs", None),
        "sklearn": ("https://scikit-learn.org/stable", None),
    }

exclude_patterns = ["_build", "user_guide/tsetlin_study.rst"]  # included
templates_path = ["_templates"]

autosummary_generate = True
numpydoc_show_class_members = False  # the class template lists them
copybutton_exclude = ".linenos, .gp, .go"

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "FileNameSortKey",
    "ignore_pattern": r"(^|/)(demo|_\w+)\.py$",
    "backreferences_dir": "api/generated/backreferences",
    "doc_module": ("sklearn_ext",),
    "reference_url": {"sklearn_ext": None},
    "abort_on_example_error": True,
    "show_memory": False,
    "write_computation_times": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "sklearn_ext"
html_show_sourcelink = False
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
}
pages_without_sections = (
    "alp_study",
    "comparison",
    "contributing",
    "index",
    "install",
    "lbl2vec_study",
    "whats_new",
)
html_sidebars = {page: [] for page in pages_without_sections}
