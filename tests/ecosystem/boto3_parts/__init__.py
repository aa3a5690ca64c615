"""The chapters of the boto3 story; `boto3_story.py` tells them in order."""
