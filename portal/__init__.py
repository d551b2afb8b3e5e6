"""The web application for managers, engineers, partners and clients.

How a page is made (one page = one view function, one query, one template)::

    router = APIRouter()

    @router.get("/manager/board/{campaign_id}")
    def board(request: Request, campaign_id: str, viewer: Annotated[Viewer, Depends(need(Role.MANAGER))]) -> Response:
        found = board_of(reading_of(request), CampaignId(campaign_id))     # portal/manager/queries.py
        return page(request, viewer, "manager/board.html", board=found)

    @router.post("/manager/board/{campaign_id}/stop")
    def stop(request: Request, campaign_id: str, viewer: ..., form: Annotated[Posted, Depends(posted)]) -> Response:
        services_of(request).ledger.stop(CampaignId(campaign_id), by=viewer.by, reason=form.text("reason"))
        audited(request, viewer, "stopped a campaign", campaign_id=campaign_id)
        return back_to(request, f"/manager/board/{campaign_id}", say="Stopped. Nothing new starts.")

* every route has exactly one ``need(...)`` (``portal.access``) or ``open_to_all``; a test walks all of them;
* every route that changes something takes ``Depends(posted)``, which checks the CSRF token, and calls ``audited``;
* everything is read through ``reading_of(request)`` (``portal.reading``): the whole fleet, plans and the hosts' states
  in memory, brought up to the newest event at each request; ``services_of(request).ledger`` is for writing, and for
  what ``Reading`` does not hold;
* what a viewer may see of visits comes from ``scope_of(request, viewer)`` (``portal.scope``) only; what is out of scope
  is ``NotFound``, never "forbidden";
* an area exposes ``router`` and ``NAV`` in its ``__init__``, puts its templates in ``templates/AREA`` and its own
  ``static/AREA.css`` and ``static/AREA.js``. No inline script, no style attribute: the content policy refuses them.
"""
