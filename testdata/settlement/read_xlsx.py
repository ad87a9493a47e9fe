"""Prints the cells of a workbook as JSON, one sheet a line, as openpyxl reads it."""

import datetime
import json
import sys

import openpyxl


def plain(value):
    return value.isoformat(" ") if isinstance(value, datetime.datetime) else value


book = openpyxl.load_workbook(sys.argv[1])
for sheet in book.worksheets:
    rows = [[plain(cell.value) for cell in row] for row in sheet.iter_rows()]
    types = [cell.data_type for cell in list(sheet.iter_rows())[-1]]
    print(json.dumps({"name": sheet.title, "frozen": sheet.freeze_panes, "rows": rows, "types": types}))
